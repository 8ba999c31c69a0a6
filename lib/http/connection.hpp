// One kept-alive connection: one exchange after the other.
//
// Cancellation: terminal; the connection is closed and of no further use.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "async/watchdog.hpp"
#include "config/url.hpp"
#include "http/read_response.hpp"
#include "http/tls.hpp"
#include "http/transport.hpp"

namespace consent_sync::http {

class connection {
  public:
    // `open_count` is raised for as long as the connection lives.
    connection(const boost::asio::any_io_executor& executor, stream over, response_limits limits,
               std::shared_ptr<std::size_t> open_count);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Requires: is_reusable(). The arguments outlive the call. `timeout` runs from the first byte written.
    boost::asio::awaitable<exchange> run(const request& r, const config::endpoint& to,
                                         std::chrono::milliseconds timeout, const std::function<void()>& on_written);

    bool is_reusable() const { return reusable_; }  // the last exchange ended well and the server keeps the line open
    bool is_quiet();                                // as in tls.hpp

  private:
    void close();

    stream stream_;
    response_limits limits_;
    boost::beast::flat_buffer buffer_;
    async::watchdog watchdog_;
    std::shared_ptr<std::size_t> open_count_;
    bool used_before_ = false;
    bool reusable_ = true;
};

}  // namespace consent_sync::http
