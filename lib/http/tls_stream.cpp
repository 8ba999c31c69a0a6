#include "http/tls_stream.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <new>
#include <utility>

#include "http/plain_stream.hpp"
#include "http/step_failure.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

bool is_for_later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

boost::system::error_code system_failure(int error) {
    return boost::system::error_code(error, asio::error::get_system_category());
}

}  // namespace

tls_stream::tls_stream(tcp::socket socket, SSL_CTX* context, buffer_stock& buffers, std::shared_ptr<void> owner)
    : owner_(std::move(owner)), socket_(std::move(socket)), pipe_(buffers), connection_(SSL_new(context)) {
    if (!connection_) throw std::bad_alloc();
    BIO* const end = pipe_.make_bio();
    SSL_set_bio(native(), end, end);  // which takes it
    SSL_set_connect_state(native());
}

tls_stream::~tls_stream() {
    // OpenSSL takes a connection that is freed without a shutdown for broken and spoils its newest
    // session for resumption. Only a real error of the protocol may do that.
    if (!protocol_failed_) SSL_set_shutdown(native(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void tls_stream::fail(const boost::system::error_code& error) {
    if (!failure_) failure_ = error;
}

void tls_stream::judge(int result) {
    const int reason = SSL_get_error(native(), result);
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) return;
    if (reason == SSL_ERROR_ZERO_RETURN) return fail(asio::error::eof);
    if (reason != SSL_ERROR_SSL && reason != SSL_ERROR_SYSCALL) return fail(asio::ssl::error::unexpected_result);
    const int code = static_cast<int>(ERR_get_error());
    if (code == 0) return fail(asio::ssl::error::unspecified_system_error);
    protocol_failed_ = true;
    fail(boost::system::error_code(code, asio::error::get_ssl_category()));
}

std::size_t tls_stream::decrypt(std::span<char> into) {
    std::size_t filled = 0;
    while (filled < into.size() && !failure_ && (pipe_.has_received() || SSL_has_pending(native()) == 1)) {
        std::size_t bytes = 0;
        ERR_clear_error();
        const int result = SSL_read_ex(native(), into.data() + filled, into.size() - filled, &bytes);
        if (result != 1) {
            judge(result);
            break;
        }
        filled += bytes;
    }
    return filled;
}

void tls_stream::encrypt(std::string_view& rest) {
    while (!rest.empty()) {
        std::size_t bytes = 0;
        ERR_clear_error();
        const int result = SSL_write_ex(native(), rest.data(), rest.size(), &bytes);
        if (result != 1) return judge(result);
        rest.remove_prefix(bytes);
    }
}

bool tls_stream::send_now() {
    const auto records = pipe_.to_send();
    if (records.empty()) return true;
    const ssize_t sent = ::send(socket_.native_handle(), records.data(), records.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (is_for_later(errno)) return false;
        fail(system_failure(errno));
        return true;
    }
    pipe_.sent(static_cast<std::size_t>(sent));
    return static_cast<std::size_t>(sent) == records.size();
}

asio::awaitable<void> tls_stream::flush() {
    while (!send_now()) {
        if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return fail(asio::error::operation_aborted);
        const auto [error] = co_await socket_.async_wait(tcp::socket::wait_write, asio::as_tuple(asio::use_awaitable));
        if (error) co_return fail(error);
    }
}

asio::awaitable<void> tls_stream::receive() {
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return fail(asio::error::operation_aborted);
    const auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error) co_return fail(error);
    const auto room = pipe_.room();
    const ssize_t got = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    const int number = errno;
    pipe_.received(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got == 0) fail(asio::ssl::error::stream_truncated);
    if (got < 0 && !is_for_later(number)) fail(system_failure(number));
}

asio::awaitable<byte_stream::io_result> tls_stream::handshake() {
    for (;;) {
        ERR_clear_error();
        const int result = SSL_do_handshake(native());
        if (result != 1) judge(result);
        co_await flush();  // after a failure too: the peer is told why
        if (result == 1 || failure_) co_return io_result{failure_, 0};
        if (!pipe_.has_received()) co_await receive();
    }
}

asio::awaitable<byte_stream::io_result> tls_stream::read_some(std::span<char> into) {
    while (!into.empty()) {
        const std::size_t bytes = decrypt(into);
        if (!send_now()) co_await flush();  // what the peer asked for: new keys, or a reason for the failure
        if (bytes > 0) co_return io_result{{}, bytes};
        if (failure_) co_return io_result{failure_, 0};
        if (pipe_.has_received()) continue;
        co_await receive();
    }
    co_return io_result{};
}

asio::awaitable<byte_stream::io_result> tls_stream::write_all(std::string_view text) {
    std::string_view rest = text;
    for (;;) {
        encrypt(rest);
        const bool full = !pipe_.to_send().empty();
        if (!send_now()) co_await flush();
        if (failure_) co_return io_result{failure_, 0};
        if (rest.empty()) co_return io_result{{}, text.size()};
        // Only a message of the handshake that has come in half makes OpenSSL read before it writes.
        if (!full && !pipe_.has_received()) co_await receive();
    }
}

void tls_stream::close() noexcept {
    boost::system::error_code ignored;  // the descriptor is gone whatever close() says
    socket_.close(ignored);
}

bool tls_stream::is_quiet() noexcept {
    // A record of which OpenSSL has no more than the header does not count as pending there.
    const bool between_records = std::string_view(SSL_rstate_string(native())) == "RH";
    return !failure_ && !pipe_.has_received() && pipe_.to_send().empty() && between_records &&
           SSL_has_pending(native()) == 0 && SSL_in_init(native()) == 0 && is_quiet_socket(socket_);
}

}  // namespace consent_sync::http
