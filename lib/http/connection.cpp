#include "http/connection.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "http/request_text.hpp"
#include "http/step_failure.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;

connection::connection(const asio::any_io_executor& executor, std::unique_ptr<byte_stream> stream,
                       response_limits limits, std::shared_ptr<std::size_t> open_count)
    : stream_(std::move(stream)), reader_(limits), watchdog_(executor), open_count_(std::move(open_count)) {
    ++*open_count_;
}

connection::~connection() { --*open_count_; }

asio::awaitable<exchange> connection::run(const request& r, const config::endpoint& to,
                                          std::chrono::milliseconds timeout, const std::function<void()>& on_written) {
    exchange result;
    format_request(r, to, request_text_);
    reader_.start(r.method == "HEAD" ? response_reader::expect::no_body : response_reader::expect::body);
    reusable_ = false;
    const bool used_before = requests_++ > 0;
    result.written = true;  // from here on nobody can tell what has left
    watchdog_.arm(std::chrono::steady_clock::now() + timeout, [this] { stream_->close(); });
    const auto sent = co_await stream_->write_all(request_text_);
    if (sent.error) {
        const bool cancelled = is_cancelled(co_await asio::this_coro::cancellation_state);
        fail(result, sent.error, cancelled, "while the request was written", timeout);
    } else {
        if (on_written) on_written();
        co_await read_response(result, timeout);
    }
    watchdog_.disarm();
    result.idle_connection_died = used_before && ends_an_idle_connection(result);
    co_return result;
}

// A loss before the first byte of an answer; or the answer of a server that closes because nothing came in time
// (RFC 9110, 15.5.9). Half an answer is none of them: the server was there.
bool connection::ends_an_idle_connection(const exchange& e) const {
    if (e.failure) return *e.failure == failure_step::connection_lost && reader_.received() == 0;
    return e.response.status == 408 && !reusable_;
}

asio::awaitable<void> connection::read_response(exchange& result, std::chrono::milliseconds timeout) {
    using progress = response_reader::progress;
    progress state = progress::more;
    while (state == progress::more) {
        const auto read = co_await stream_->read_some(reader_.room());
        const bool cancelled = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (read.error == asio::error::eof && reader_.received() > 0) {
            state = reader_.ended();
        } else if (!read.error) {
            state = reader_.added(read.bytes);
        }
        // A response that is complete counts, even when the deadline or a cancellation came in the same turn.
        if (state == progress::more && (read.error || cancelled || watchdog_.expired())) {
            const bool begun = reader_.received() > 0;
            fail(result, read.error, cancelled, begun ? "in the middle of the response" : "before the response",
                 timeout);
            co_return;
        }
    }
    if (state == progress::failed) {
        result.failure = failure_step::bad_response;
        result.detail = reader_.failure();
        co_return;
    }
    reusable_ =
        reader_.keeps_alive() && !watchdog_.expired() && !is_cancelled(co_await asio::this_coro::cancellation_state);
    result.response = reader_.take();
}

void connection::fail(exchange& result, const boost::system::error_code& error, bool cancelled, const char* during,
                      std::chrono::milliseconds timeout) const {
    if (cancelled) {
        result.failure = failure_step::cancelled;
        result.detail = cancelled_failure().detail;
    } else if (watchdog_.expired()) {
        result.failure = failure_step::request_timeout;
        result.detail = "no complete response within " + std::to_string(timeout.count()) + " ms, " +
                        std::to_string(reader_.received()) + " bytes of it came";
    } else {
        result.failure = failure_step::connection_lost;
        const bool closed = error == asio::error::eof;
        result.detail = (closed ? "closed by the server" : "connection lost: " + error.message()) + ' ' + during;
    }
}

}  // namespace consent_sync::http
