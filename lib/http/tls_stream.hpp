// A byte_stream that is TLS on OpenSSL: one receive brings as many records as have arrived, one send takes all that
// were written. Asio's own stream moves every byte through a pair of buffers of 17 KB.
//
// Every receive waits for the socket first, so a peer that never stops sending keeps neither the deadlines nor the
// other connections from their turn. How a stream ends: eof when the peer said so (close_notify), stream_truncated
// when it only cut the line; an error comes again with every later read.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "http/byte_stream.hpp"
#include "http/record_pipe.hpp"

namespace consent_sync::http {

class tls_stream final : public byte_stream {
  public:
    // The client's side. `owner` keeps what the context and the buffers belong to. Throws std::bad_alloc.
    tls_stream(boost::asio::ip::tcp::socket socket, SSL_CTX* context, buffer_stock& buffers,
               std::shared_ptr<void> owner);
    ~tls_stream() override;

    boost::asio::awaitable<io_result> handshake();
    boost::asio::awaitable<io_result> read_some(std::span<char> into) override;
    boost::asio::awaitable<io_result> write_all(std::string_view text) override;
    void close() noexcept override;
    bool is_quiet() noexcept override;

    SSL* native() { return connection_.get(); }

  private:
    std::size_t decrypt(std::span<char> into);  // what has been received
    void encrypt(std::string_view& rest);       // as much as there is room for
    void judge(int result);                     // of a call of OpenSSL that did not end well
    bool send_now();                            // false: the kernel takes no more for now
    boost::asio::awaitable<void> flush();       // until all is sent
    boost::asio::awaitable<void> receive();     // requires that nothing received is left
    void fail(const boost::system::error_code& error);

    struct connection_free {
        void operator()(SSL* connection) const { SSL_free(connection); }
    };
    std::shared_ptr<void> owner_;  // dies last
    boost::asio::ip::tcp::socket socket_;
    record_pipe pipe_;
    std::unique_ptr<SSL, connection_free> connection_;
    boost::system::error_code failure_;  // the first
    bool protocol_failed_ = false;
};

}  // namespace consent_sync::http
