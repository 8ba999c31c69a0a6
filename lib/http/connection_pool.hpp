// Connections that wait for their next exchange. The last one used is taken first, so that those that are not
// needed grow old and are closed; a server forgets idle connections silently, so they go before it does.
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
    std::uint64_t found_closed_ = 0;
    async::watchdog sweeper_;
};

}  // namespace consent_sync::http
