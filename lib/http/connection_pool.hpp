// Connections that wait for their next exchange. The one used last is taken first, so that those that are not needed
// reach their age and are closed: before the server closes them.
//
// Idle connections die together: the load balancer restarts, a firewall forgets them. So when one dies under its
// request, all others are closed. When that happens again before any connection could be used twice, the network does
// not allow idle connections, and none is kept for a minute.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "async/watchdog.hpp"
#include "http/connection.hpp"

namespace consent_sync::http {

class connection_pool {
  public:
    connection_pool(const boost::asio::any_io_executor& executor, std::size_t idle_max,
                    std::chrono::milliseconds idle_for);

    // Null: none is idle. A connection that the server has closed is dropped, not returned.
    std::unique_ptr<connection> take();
    // Beyond idle_max the oldest one is closed.
    void put(std::unique_ptr<connection> one);
    void close_all();
    // What became of a connection from take(); `generation` is that of the moment when it was taken.
    void died(std::uint64_t generation);
    void was_used_again();
    std::uint64_t generation() const { return generation_; }
    void keep(std::size_t idle_max);  // from now on

    std::size_t size() const { return idle_.size(); }
    std::uint64_t found_closed() const { return found_closed_; }

  private:
    struct entry {
        std::unique_ptr<connection> one;
        std::chrono::steady_clock::time_point since;
    };
    void arm_sweep();
    void sweep();

    std::size_t idle_max_;
    std::chrono::milliseconds idle_for_;
    std::vector<entry> idle_;  // oldest first
    bool sweep_armed_ = false;
    std::uint64_t generation_ = 0;  // grows with each death: those taken before it are the same death
    unsigned deaths_ = 0;           // in a row
    std::chrono::steady_clock::time_point keeps_from_{};
    std::uint64_t found_closed_ = 0;
    async::watchdog sweeper_;
};

}  // namespace consent_sync::http
