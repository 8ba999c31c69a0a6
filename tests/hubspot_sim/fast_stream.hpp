// A connection of the fast mode. OpenSSL works on memory, so that a message of many TLS records takes one system call.
// With Asio's ssl::stream each record takes one, which costs a third of the throughput.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <span>
#include <vector>

namespace consent_sync::hubspot_sim {

class fast_stream {
  public:
    // `tls` null: plain.
    fast_stream(boost::asio::ip::tcp::socket socket, SSL_CTX* tls);

    boost::asio::awaitable<bool> handshake();
    // At least one byte; 0: the peer has left or broken TLS.
    boost::asio::awaitable<std::size_t> read(std::span<char> to);
    boost::asio::awaitable<bool> write(std::span<const char> from);

  private:
    boost::asio::awaitable<bool> send_pending();     // sends what OpenSSL has to send
    boost::asio::awaitable<bool> receive_records();  // passes received bytes to OpenSSL

    struct ssl_deleter {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<SSL, ssl_deleter> ssl_;
    BIO* received_ = nullptr;  // both owned by ssl_
    BIO* pending_ = nullptr;
    std::vector<char> records_;
};

}  // namespace consent_sync::hubspot_sim
