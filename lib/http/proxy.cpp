#include "http/proxy.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/url/grammar/ci_string.hpp>
#include <cstdlib>
#include <utility>

#include "async/watchdog.hpp"
#include "http/connector.hpp"
#include "http/read_response.hpp"
#include "http/request_text.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;

namespace {

constexpr response_limits tunnel_answer_limits{16 * 1024, 16 * 1024};

bool entry_matches(std::string_view entry, const config::authority& target) {
    if (entry == "*") return true;
    std::string name(entry.starts_with('.') ? entry.substr(1) : entry);
    std::transform(name.begin(), name.end(), name.begin(), boost::urls::grammar::to_lower);
    std::uint16_t port = target.port;
    if (const auto parsed = config::parse_authority(name, target.port)) {
        name = parsed->host;
        port = parsed->port;
    }
    if (name.empty() || port != target.port) return false;
    if (target.host == name) return true;
    if (target.is_address || target.host.size() <= name.size()) return false;
    return target.host.ends_with(name) && target.host[target.host.size() - name.size() - 1] == '.';
}

std::string explain_proxy_refusal(unsigned status, const config::proxy& via, const config::authority& target) {
    const std::string number = " (" + std::to_string(status) + ")";
    if (status == 407 && via.credentials.empty()) return "proxy asks for a password" + number;
    if (status == 407) return "proxy refuses the user or the password" + number;
    if (status >= 500) return "proxy cannot reach " + target.with_port() + number;
    return "proxy refuses the way to " + target.with_port() + number;
}

std::string explain_proxy_loss(const boost::system::error_code& error) {
    using http_error = beast::http::error;
    if (error == http_error::end_of_stream || error == http_error::partial_message)
        return "proxy closed the connection without an answer to CONNECT";
    return "the connection to the proxy was lost: " + error.message();
}

// Asks for the tunnel. Empty: it stands; else why not.
asio::awaitable<std::string> ask_for_tunnel(tcp::socket& stream, const config::proxy& via,
                                            const config::authority& target) {
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    const std::string question = format_connect(via, target);
    const auto [error, bytes] = co_await asio::async_write(stream, asio::buffer(question), token);
    if (error) co_return explain_proxy_loss(error);
    beast::flat_buffer buffer = make_read_buffer(tunnel_answer_limits);
    const read_outcome answer = co_await read_response(stream, buffer, tunnel_answer_limits, false);
    if (answer.lost) co_return explain_proxy_loss(answer.lost);
    if (!answer.refused.empty()) co_return "proxy's answer to CONNECT: " + answer.refused;
    const unsigned status = answer.response.status;
    if (status < 200 || status > 299) co_return explain_proxy_refusal(status, via, target);
    // The server speaks only after the client in TLS, so these bytes are the proxy's.
    if (buffer.size() != 0) co_return "proxy sent data before the tunnel was used";
    co_return std::string();
}

}  // namespace

bool no_proxy_matches(std::string_view no_proxy, const config::authority& target) {
    std::size_t begin = 0;
    while (begin < no_proxy.size()) {
        std::size_t end = no_proxy.find_first_of(", \t", begin);
        if (end == std::string_view::npos) end = no_proxy.size();
        if (end > begin && entry_matches(no_proxy.substr(begin, end - begin), target)) return true;
        begin = end + 1;
    }
    return false;
}

base::result<std::optional<config::proxy>> choose_proxy(std::string_view option, const environment& variables,
                                                        const config::endpoint& target) {
    if (option == "none" || target.plain) return std::optional<config::proxy>();
    std::string url(option);
    if (url.empty()) {
        url = variables("https_proxy");
        if (url.empty()) url = variables("HTTPS_PROXY");
        if (url.empty()) return std::optional<config::proxy>();
        std::string exceptions = variables("no_proxy");
        if (exceptions.empty()) exceptions = variables("NO_PROXY");
        if (no_proxy_matches(exceptions, target.authority)) return std::optional<config::proxy>();
    }
    auto parsed = config::parse_proxy(url);
    if (!parsed) return parsed.error();
    return std::optional<config::proxy>(std::move(*parsed));
}

environment process_environment() {
    return [](std::string_view name) {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::string() : std::string(value);
    };
}

asio::awaitable<step_result<tcp::socket>> open_tunnel(tcp::socket socket, config::proxy via, config::authority target,
                                                      std::chrono::steady_clock::time_point deadline) {
    async::watchdog watchdog(co_await asio::this_coro::executor);
    watchdog.arm(deadline, [&socket] { close_now(socket); });
    std::string failure = co_await ask_for_tunnel(socket, via, target);
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled_failure();
    if (watchdog.expired()) failure = "no answer to CONNECT in time";
    if (!failure.empty()) co_return step_failure{failure_step::proxy, via.authority.with_port() + ": " + failure};
    co_return step_result<tcp::socket>(std::move(socket));
}

}  // namespace consent_sync::http
