// Opens connections to the endpoint: name lookup, TCP, the proxy's tunnel, TLS, each within its deadline.
//
// Lookup, TCP and tunnel share timeouts.connect, the handshake has timeouts.tls. What goes wrong with a proxy is
// failure_step::proxy, so that the operator looks there. A plain endpoint is only reached at loopback addresses,
// whatever its name resolves to.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>

#include "config/settings.hpp"
#include "config/url.hpp"
#include "http/resolver.hpp"
#include "http/step_failure.hpp"
#include "http/tls.hpp"

namespace consent_sync::http {

class dialer {
  public:
    // `tls` is null for a plain endpoint.
    dialer(boost::asio::any_io_executor executor, config::endpoint to, std::optional<config::proxy> via,
           std::unique_ptr<tls_client> tls, config::timeout_settings timeouts, std::chrono::milliseconds silence,
           lookup_function lookup);

    boost::asio::awaitable<step_result<stream>> open();

    std::uint64_t sessions_resumed() const { return tls_ ? tls_->sessions_resumed() : 0; }

  private:
    using deadline = std::chrono::steady_clock::time_point;
    boost::asio::awaitable<step_result<boost::asio::ip::tcp::socket>> reach(const config::authority& at,
                                                                            deadline until);

    boost::asio::any_io_executor executor_;
    config::endpoint to_;
    std::optional<config::proxy> via_;
    std::unique_ptr<tls_client> tls_;
    config::timeout_settings timeouts_;
    std::chrono::milliseconds silence_;  // of a peer: watch_peer()
    resolver resolver_;
};

}  // namespace consent_sync::http
