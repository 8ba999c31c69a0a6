#include "hubspot_sim/fast_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace consent_sync::hubspot_sim {
namespace {

namespace asio = boost::asio;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t records_bytes = 64 * 1024;

}  // namespace

fast_stream::fast_stream(asio::ip::tcp::socket socket, SSL_CTX* tls) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (!tls) return;
    ssl_.reset(SSL_new(tls));
    received_ = BIO_new(BIO_s_mem());
    pending_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), received_, pending_);
    SSL_set_accept_state(ssl_.get());
    records_.resize(records_bytes);
}

asio::awaitable<bool> fast_stream::handshake() {
    if (!ssl_) co_return true;
    for (;;) {
        ERR_clear_error();
        const int done = SSL_do_handshake(ssl_.get());
        const int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
        const bool sent = co_await send_pending();
        if (!sent) co_return false;
        if (done == 1) co_return true;
        if (why != SSL_ERROR_WANT_READ) co_return false;
        const bool received = co_await receive_records();
        if (!received) co_return false;
    }
}

asio::awaitable<std::size_t> fast_stream::read(std::span<char> to) {
    if (!ssl_) {
        const auto [ec, count] = co_await socket_.async_read_some(asio::buffer(to.data(), to.size()), as_tuple);
        co_return ec ? 0 : count;
    }
    std::size_t total = 0;
    for (;;) {
        ERR_clear_error();
        std::size_t count = 0;
        const int done = SSL_read_ex(ssl_.get(), to.data() + total, to.size() - total, &count);
        if (done == 1) {
            total += count;
            if (total == to.size()) co_return total;
            continue;
        }
        if (total > 0) co_return total;
        if (SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ) co_return 0;
        const bool received = co_await receive_records();
        if (!received) co_return 0;
    }
}

asio::awaitable<bool> fast_stream::write(std::span<const char> from) {
    if (!ssl_) {
        const asio::const_buffer whole(from.data(), from.size());
        const auto [ec, count] = co_await asio::async_write(socket_, whole, as_tuple);
        co_return !ec;
    }
    ERR_clear_error();
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), from.data(), from.size(), &written) != 1) co_return false;
    const bool sent = co_await send_pending();
    co_return sent;
}

asio::awaitable<bool> fast_stream::send_pending() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(pending_, &data);
    if (size <= 0) co_return true;
    const asio::const_buffer whole(data, static_cast<std::size_t>(size));
    const auto [ec, count] = co_await asio::async_write(socket_, whole, as_tuple);
    BIO_reset(pending_);
    co_return !ec;
}

asio::awaitable<bool> fast_stream::receive_records() {
    const auto [ec, count] = co_await socket_.async_read_some(asio::buffer(records_), as_tuple);
    if (ec) co_return false;
    co_return BIO_write(received_, records_.data(), static_cast<int>(count)) == static_cast<int>(count);
}

}  // namespace consent_sync::hubspot_sim
