#include "http/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "http/connector.hpp"
#include "http/request_text.hpp"
#include "http/step_failure.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

// Writes the request and reads the response. `is_sent`: the whole request has been handed to the kernel. All arguments
// outlive the call.
template <class Stream>
asio::awaitable<read_outcome> exchange_over(Stream& over, beast::flat_buffer& buffer, response_limits limits,
                                            const std::string& text, bool has_body,
                                            const std::function<void()>& on_written, bool& is_sent) {
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    const auto [error, bytes] = co_await asio::async_write(over, asio::buffer(text), token);
    if (error) {
        read_outcome nothing;
        nothing.lost = error;
        co_return nothing;
    }
    is_sent = true;
    if (on_written) on_written();
    co_return co_await read_response(over, buffer, limits, has_body);
}

// Of a connection that was neither cancelled nor too late.
step_failure explain_loss(const read_outcome& answer, bool is_sent) {
    using beast::http::error;
    const bool ended = answer.lost == error::end_of_stream || answer.lost == error::partial_message;
    if (ended && answer.received > 0) {
        return step_failure{failure_step::bad_response, "the response ended after " + std::to_string(answer.received) +
                                                            " bytes, before it was complete"};
    }
    const std::string what = ended ? "closed by the server " : "connection lost: " + answer.lost.message() + ' ';
    const char* const when = !is_sent              ? "while the request was written"
                             : answer.received > 0 ? "in the middle of the response"
                                                   : "before the response";
    return step_failure{failure_step::connection_lost, what + when};
}

// A loss before the first byte of an answer; or the answer of a server that closes because nothing came in time
// (RFC 9110, 15.5.9). Half an answer is neither: the server was there.
bool ends_idle_connection(const exchange& e, const read_outcome& answer) {
    if (e.failure) return *e.failure == failure_step::connection_lost && answer.received == 0;
    return e.response.status == 408 && !answer.keeps_alive;
}

}  // namespace

connection::connection(const asio::any_io_executor& executor, stream over, response_limits limits,
                       std::shared_ptr<std::size_t> open_count)
    : stream_(std::move(over)),
      limits_(limits),
      buffer_(make_read_buffer(limits)),
      watchdog_(executor),
      open_count_(std::move(open_count)) {
    ++*open_count_;
}

connection::~connection() { --*open_count_; }

bool connection::is_quiet() {
    return std::visit([](auto& each) { return http::is_quiet(each); }, stream_);
}

void connection::close() {
    if (auto* plain = std::get_if<asio::ip::tcp::socket>(&stream_)) return close_now(*plain);
    close_now(std::get<std::unique_ptr<tls_stream>>(stream_)->next_layer());
}

asio::awaitable<exchange> connection::run(const request& r, const config::endpoint& to,
                                          std::chrono::milliseconds timeout, const std::function<void()>& on_written) {
    exchange result;
    const std::string text = format_request(r, to);
    const bool has_body = r.method != "HEAD";
    const bool used_before = std::exchange(used_before_, true);
    reusable_ = false;
    result.written = true;  // from here on nobody can tell what has left
    watchdog_.arm(std::chrono::steady_clock::now() + timeout, [this] { close(); });
    read_outcome answer;
    bool is_sent = false;
    if (auto* plain = std::get_if<asio::ip::tcp::socket>(&stream_)) {
        answer = co_await exchange_over(*plain, buffer_, limits_, text, has_body, on_written, is_sent);
    } else {
        tls_stream& secure = *std::get<std::unique_ptr<tls_stream>>(stream_);
        answer = co_await exchange_over(secure, buffer_, limits_, text, has_body, on_written, is_sent);
    }
    watchdog_.disarm();
    const bool cancelled = is_cancelled(co_await asio::this_coro::cancellation_state);
    // A response that is complete counts, even when the deadline or a cancellation came in the same turn.
    if (!answer.refused.empty()) {
        result.failure = failure_step::bad_response;
        result.detail = std::move(answer.refused);
    } else if (answer.lost && cancelled) {
        result.failure = failure_step::cancelled;
        result.detail = cancelled_failure().detail;
    } else if (answer.lost && watchdog_.expired()) {
        result.failure = failure_step::request_timeout;
        result.detail = "no complete response within " + std::to_string(timeout.count()) + " ms, " +
                        std::to_string(answer.received) + " bytes of it came";
    } else if (answer.lost) {
        step_failure loss = explain_loss(answer, is_sent);
        result.failure = loss.step;
        result.detail = std::move(loss.detail);
    }
    reusable_ = !result.failure && answer.keeps_alive && !cancelled && !watchdog_.expired();
    result.response = std::move(answer.response);
    result.idle_connection_died = used_before && ends_idle_connection(result, answer);
    co_return result;
}

}  // namespace consent_sync::http
