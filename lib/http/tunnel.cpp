#include "http/tunnel.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "async/watchdog.hpp"
#include "http/plain_stream.hpp"
#include "http/request_text.hpp"
#include "http/response_reader.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr response_limits answer_limits{16 * 1024, 16 * 1024};

std::string refusal(unsigned status, const config::proxy& via, const config::authority& target) {
    const std::string number = " (" + std::to_string(status) + ")";
    if (status == 407 && via.credentials.empty()) return "proxy asks for a password" + number;
    if (status == 407) return "proxy refuses the user or the password" + number;
    if (status >= 500) return "proxy cannot reach " + target.with_port() + number;
    return "proxy refuses the way to " + target.with_port() + number;
}

std::string lost(const boost::system::error_code& error) {
    if (error == asio::error::eof) return "proxy closed the connection without an answer to CONNECT";
    return "the connection to the proxy was lost: " + error.message();
}

// The talk itself; nothing is a tunnel.
asio::awaitable<std::string> ask(plain_stream& stream, const config::proxy& via, const config::authority& target) {
    const std::string question = format_connect(via, target);
    const auto written = co_await stream.write_all(question);
    if (written.error) co_return lost(written.error);
    response_reader reader(answer_limits);
    reader.start(response_reader::expect::no_body);
    auto progress = response_reader::progress::more;
    while (progress == response_reader::progress::more) {
        const auto read = co_await stream.read_some(reader.room());
        if (read.error) co_return lost(read.error);
        progress = reader.added(read.bytes);
    }
    if (progress == response_reader::progress::failed) co_return "proxy's answer to CONNECT: " + reader.failure();
    const unsigned status = reader.take().status;
    if (status < 200 || status > 299) co_return refusal(status, via, target);
    // The server speaks only after the client in TLS, so these bytes are the proxy's.
    if (reader.has_leftover()) co_return "proxy sent data before the tunnel was used";
    co_return std::string();
}

}  // namespace

asio::awaitable<step_result<tcp::socket>> open_tunnel(tcp::socket socket, config::proxy via, config::authority target,
                                                      std::chrono::steady_clock::time_point deadline) {
    plain_stream stream(std::move(socket));
    async::watchdog watchdog(co_await asio::this_coro::executor);
    watchdog.arm(deadline, [&stream] { stream.close(); });
    std::string failure = co_await ask(stream, via, target);
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled_failure();
    if (watchdog.expired()) failure = "no answer to CONNECT in time";
    if (!failure.empty()) {
        co_return step_failure{failure_step::proxy, via.authority.with_port() + ": " + failure};
    }
    co_return step_result<tcp::socket>(stream.take_socket());
}

}  // namespace consent_sync::http
