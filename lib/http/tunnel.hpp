// A tunnel to the server through an HTTP proxy (CONNECT).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>

#include "http/proxy.hpp"
#include "http/step_failure.hpp"

namespace consent_sync::http {

// `socket` is a connection to the proxy; the result is the same socket, now leading to `target`.
// Fails with proxy (refused, garbled, too slow: the detail says which) or cancelled; the socket is closed
// then.
boost::asio::awaitable<step_result<boost::asio::ip::tcp::socket>> open_tunnel(
    boost::asio::ip::tcp::socket socket, config::proxy via, config::authority target,
    std::chrono::steady_clock::time_point deadline);

}  // namespace consent_sync::http
