// A byte_stream that is a TCP connection and nothing more: to loopback servers, and to a proxy until its
// tunnel stands.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "http/byte_stream.hpp"

namespace consent_sync::http {

class plain_stream final : public byte_stream {
  public:
    explicit plain_stream(boost::asio::ip::tcp::socket socket);

    boost::asio::awaitable<io_result> read_some(std::span<char> into) override;
    boost::asio::awaitable<io_result> write_all(std::string_view bytes) override;
    void close() noexcept override;
    bool is_quiet() noexcept override;

    boost::asio::ip::tcp::socket take_socket() { return std::move(socket_); }

  private:
    boost::asio::ip::tcp::socket socket_;
};

// Nothing to read and not closed by the peer. One recv(MSG_PEEK).
bool is_quiet_socket(boost::asio::ip::tcp::socket& socket) noexcept;

}  // namespace consent_sync::http
