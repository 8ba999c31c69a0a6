// The HTTP proxy between the daemon and the endpoint: whether there is one, and the tunnel through it (CONNECT).
//
// The option wins: a URL is used, "none" means no proxy whatever the environment says. An empty option asks the
// environment: https_proxy, else HTTPS_PROXY, unless no_proxy or NO_PROXY names the endpoint. A plain endpoint is on
// this machine and never goes through a proxy. NO_PROXY: entries parted by commas or spaces; "*" matches everything,
// "example.com" and ".example.com" that name and all below it, an IP address itself; an entry with a port only that
// port. Networks (10.0.0.0/8) match nothing.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/url.hpp"
#include "http/step_failure.hpp"

namespace consent_sync::http {

// The value of an environment variable, empty if it is not set.
using environment = std::function<std::string(std::string_view name)>;

// Errors: invalid_input; the message never holds user or password.
base::result<std::optional<config::proxy>> choose_proxy(std::string_view option, const environment& variables,
                                                        const config::endpoint& target);
bool no_proxy_matches(std::string_view no_proxy, const config::authority& target);

// The environment of this process.
environment process_environment();

// `socket` is a connection to the proxy; the result is the same socket, now leading to `target`. Fails with proxy
// (refused, garbled, too slow: the detail says which) or cancelled; the socket is closed then.
boost::asio::awaitable<step_result<boost::asio::ip::tcp::socket>> open_tunnel(
    boost::asio::ip::tcp::socket socket, config::proxy via, config::authority target,
    std::chrono::steady_clock::time_point deadline);

}  // namespace consent_sync::http
