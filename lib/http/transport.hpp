// The way to a server, as an interface: one coroutine, one exchange. https_transport is the one that the daemon uses;
// tests put their own in its place.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace consent_sync::http {

struct request {
    std::string method = "POST";
    std::string target;                                        // "/path?query"
    std::vector<std::pair<std::string, std::string>> headers;  // Host, Content-Length, Connection are the transport's
    std::string body;
    bool on_new_connection = false;  // not on one that was used before
};

struct response {
    unsigned status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;

    // The first header of that name (lower case); empty if there is none.
    std::string_view header(std::string_view lowered_name) const {
        for (const auto& [name, value] : headers)
            if (name == lowered_name) return value;
        return {};
    }
};

// Larger responses fail as bad_response.
struct response_limits {
    std::size_t header_bytes = 64 * 1024;
    std::size_t body_bytes = 8 * 1024 * 1024;
};

// The step at which an exchange ended without a response.
enum class failure_step {
    name_lookup,
    connect,
    connect_timeout,
    tls,
    tls_timeout,
    proxy,
    request_timeout,
    connection_lost,
    bad_response,
    cancelled,
};

struct exchange {
    std::optional<failure_step> failure;  // set: there is no response
    std::string detail;                   // the system's or OpenSSL's words
    bool written = false;                 // at least a part of the request left this machine
    // The connection had been used before, and ended without a byte of an answer, or with a 408. That says nothing
    // about the server, which closes idle connections as it likes: send the request once more, on a new connection.
    bool idle_connection_died = false;
    http::response response;
};

class transport {
  public:
    virtual ~transport() = default;

    // Sends one request and reads its response within the deadlines. Throws only for bugs and bad_alloc.
    // `on_written` is called once, on the caller's thread, when the whole request has been handed to the kernel.
    // Terminal cancellation closes the connection and ends with failure_step::cancelled.
    virtual boost::asio::awaitable<exchange> send(request r, std::function<void()> on_written) = 0;

    // How many idle connections are kept at most, where there are connections; and the end of all of them.
    virtual void keep_idle(std::size_t connections_max) = 0;
    virtual void close_idle() = 0;
};

}  // namespace consent_sync::http
