#include "http/dialer.hpp"

#include <utility>

#include "http/connector.hpp"
#include "http/proxy.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

dialer::dialer(asio::any_io_executor executor, config::endpoint to, std::optional<config::proxy> via,
               std::unique_ptr<tls_client> tls, config::timeout_settings timeouts, std::chrono::milliseconds silence,
               lookup_function lookup)
    : executor_(executor),
      to_(std::move(to)),
      via_(std::move(via)),
      tls_(std::move(tls)),
      timeouts_(timeouts),
      silence_(silence),
      resolver_(executor, std::move(lookup)) {}

asio::awaitable<step_result<tcp::socket>> dialer::reach(const config::authority& at, deadline until) {
    auto found = co_await resolver_.resolve(at.host, at.port, until);
    if (!found) co_return found.error();
    if (to_.plain) {
        std::erase_if(*found, [](const tcp::endpoint& each) { return !each.address().is_loopback(); });
        if (found->empty()) {
            co_return step_failure{failure_step::connect,
                                   at.host + " is not a loopback address, and http:// goes only there"};
        }
    }
    auto socket = co_await connect_first(executor_, std::move(*found), until, connect_stagger, silence_);
    if (!socket && socket.error().step != failure_step::cancelled) {
        co_return step_failure{socket.error().step, at.with_port() + ": " + socket.error().detail};
    }
    co_return std::move(socket);
}

asio::awaitable<step_result<stream>> dialer::open() {
    const deadline connect_until = std::chrono::steady_clock::now() + timeouts_.connect;
    const config::authority& first = via_ ? via_->authority : to_.authority;
    auto socket = co_await reach(first, connect_until);
    if (!socket && via_ && socket.error().step != failure_step::cancelled)
        co_return step_failure{failure_step::proxy, "the proxy cannot be reached: " + socket.error().detail};
    if (socket && via_) socket = co_await open_tunnel(std::move(*socket), *via_, to_.authority, connect_until);
    if (!socket) co_return socket.error();
    if (!tls_) co_return step_result<stream>(std::move(*socket));
    const deadline tls_until = std::chrono::steady_clock::now() + timeouts_.tls;
    auto secured = co_await tls_->secure(std::move(*socket), tls_until);
    if (!secured) co_return secured.error();
    co_return step_result<stream>(std::move(*secured));
}

}  // namespace consent_sync::http
