#include "hubspot_sim/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace consent_sync::hubspot_sim {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds handshake_limit{30'000};
constexpr milliseconds shutdown_limit{200};
constexpr milliseconds watch_interval{10};

}  // namespace

std::optional<death> parse_death(std::string_view moment, std::string_view way) {
    static constexpr std::array<std::string_view, 5> moments{"request-begun", "request-read", "request-applied",
                                                             "answer-begun", "timed-out"};
    static constexpr std::array<std::string_view, 3> ways{"close-notify", "fin", "reset"};
    const auto* const at = std::find(moments.begin(), moments.end(), moment);
    const auto* const how = std::find(ways.begin(), ways.end(), way);
    if (at == moments.end() || how == ways.end()) return std::nullopt;
    return death{static_cast<death::moment>(at - moments.begin()), static_cast<death::way>(how - ways.begin())};
}

connection::connection(asio::ip::tcp::socket socket, asio::ssl::context* tls, std::uint64_t id)
    : stream_(std::move(socket)), id_(id) {
    if (tls) tls_.emplace(stream_, *tls);
    error_code ignored;  // a failure only makes answers slower (Nagle's algorithm)
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<error_code> connection::handshake() {
    if (!tls_) co_return error_code();
    stream_.expires_after(handshake_limit);
    auto [ec] = co_await tls_->async_handshake(asio::ssl::stream_base::server, use_tuple);
    stream_.expires_never();
    co_return ec;
}

asio::awaitable<std::pair<error_code, std::size_t>> connection::read_some(asio::mutable_buffer to, milliseconds limit) {
    if (limit.count() > 0) {
        stream_.expires_after(limit);
    } else {
        stream_.expires_never();
    }
    if (tls_) {
        auto [ec, count] = co_await tls_->async_read_some(to, use_tuple);
        co_return std::pair<error_code, std::size_t>(ec, count);
    }
    auto [ec, count] = co_await stream_.async_read_some(to, use_tuple);
    co_return std::pair<error_code, std::size_t>(ec, count);
}

asio::awaitable<error_code> connection::write(asio::const_buffer from) {
    stream_.expires_never();
    if (tls_) {
        auto [ec, count] = co_await asio::async_write(*tls_, from, use_tuple);
        co_return ec;
    }
    auto [ec, count] = co_await asio::async_write(stream_, from, use_tuple);
    co_return ec;
}

asio::awaitable<void> connection::close() {
    if (tls_ && stream_.socket().is_open()) {
        stream_.expires_after(shutdown_limit);
        auto [ec] = co_await tls_->async_shutdown(use_tuple);
        static_cast<void>(ec);  // The peer need not answer.
    }
    stop();
}

void connection::reset() {
    error_code ignored;
    stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
    stream_.socket().close(ignored);
}

void connection::stop() {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    stream_.socket().close(ignored);
}

asio::awaitable<void> connection::die(death::way how) {
    if (how == death::way::close_notify) co_await close();
    if (how == death::way::reset) reset();
    if (how == death::way::fin) stop();
}

int connection::native_socket() { return stream_.socket().is_open() ? stream_.socket().native_handle() : -1; }

bool connection::peer_is_gone() {
    if (native_socket() < 0) return true;
    pollfd p{native_socket(), POLLRDHUP, 0};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

asio::awaitable<void> pause_for(milliseconds duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    auto [ec] = co_await timer.async_wait(use_tuple);
    static_cast<void>(ec);
}

asio::awaitable<void> wait_until_gone(connection& c) {
    while (!c.peer_is_gone()) co_await pause_for(watch_interval);
}

}  // namespace consent_sync::hubspot_sim
