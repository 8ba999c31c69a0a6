// One kept-alive connection: one exchange after the other, its buffers and its timer reused.
//
// Cancellation: terminal; the connection is closed and of no further use.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "async/watchdog.hpp"
#include "http/byte_stream.hpp"
#include "config/url.hpp"
#include "http/response_reader.hpp"
#include "http/transport.hpp"

namespace consent_sync::http {

class connection {
  public:
    // `open_count` is raised for as long as the connection lives.
    connection(const boost::asio::any_io_executor& executor, std::unique_ptr<byte_stream> stream,
               response_limits limits, std::shared_ptr<std::size_t> open_count);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Requires: is_reusable(). The arguments outlive the call. `timeout` runs from the first byte written.
    boost::asio::awaitable<exchange> run(const request& r, const config::endpoint& to,
                                         std::chrono::milliseconds timeout, const std::function<void()>& on_written);

    bool is_reusable() const { return reusable_; }  // the last exchange ended well and the server keeps the line open
    bool is_quiet() { return stream_->is_quiet(); }
    std::uint64_t requests() const { return requests_; }

  private:
    boost::asio::awaitable<void> read_response(exchange& result, std::chrono::milliseconds timeout);
    bool ends_an_idle_connection(const exchange& e) const;
    void fail(exchange& result, const boost::system::error_code& error, bool cancelled, const char* during,
              std::chrono::milliseconds timeout) const;

    std::unique_ptr<byte_stream> stream_;
    response_reader reader_;
    async::watchdog watchdog_;
    std::string request_text_;
    std::shared_ptr<std::size_t> open_count_;
    std::uint64_t requests_ = 0;
    bool reusable_ = true;
};

}  // namespace consent_sync::http
