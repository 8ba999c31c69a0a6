// Connections that wait for their next exchange. The last one used is taken first, so that those that are not
// needed grow old and are closed; a server forgets idle connections silently, so they go before it does.
//
// Idle connections die together: by a restart of what balances the load, by a firewall that forgets. So one that died
// under its request takes all others with it. Where that happens again before any connection could be used twice,
// connections are not kept for a minute: what is on the way does not bear it.
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

    // Null: none is idle. A connection that the server closed meanwhile is dropped, not returned.
    std::unique_ptr<connection> take();
    // Beyond idle_max the oldest one is closed.
    void put(std::unique_ptr<connection> one);
    void close_all();
    // What became of a connection that take() gave, and that was taken in that generation.
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
    std::uint64_t generation_ = 0;  // grows with each death: those that were taken before it say nothing new
    unsigned deaths_ = 0;           // in a row
    std::chrono::steady_clock::time_point keeps_from_{};
    std::uint64_t found_closed_ = 0;
    async::watchdog sweeper_;
};

}  // namespace consent_sync::http
