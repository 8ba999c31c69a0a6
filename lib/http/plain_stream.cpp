#include "http/plain_stream.hpp"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

namespace consent_sync::http {

namespace asio = boost::asio;

plain_stream::plain_stream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

asio::awaitable<byte_stream::io_result> plain_stream::read_some(std::span<char> into) {
    const auto area = asio::buffer(into.data(), into.size());
    const auto [error, bytes] = co_await socket_.async_read_some(area, asio::as_tuple(asio::use_awaitable));
    co_return io_result{error, bytes};
}

asio::awaitable<byte_stream::io_result> plain_stream::write_all(std::string_view text) {
    const auto area = asio::buffer(text.data(), text.size());
    const auto [error, bytes] = co_await asio::async_write(socket_, area, asio::as_tuple(asio::use_awaitable));
    co_return io_result{error, bytes};
}

void plain_stream::close() noexcept {
    boost::system::error_code ignored;  // the descriptor is gone whatever close() says
    socket_.close(ignored);
}

bool plain_stream::is_quiet() noexcept { return is_quiet_socket(socket_); }

bool is_quiet_socket(asio::ip::tcp::socket& socket) noexcept {
    if (!socket.is_open()) return false;
    char byte = 0;
    const ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace consent_sync::http
