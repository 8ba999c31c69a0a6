// TLS towards one server, on Asio's TLS stream: TLS 1.2 and up, no early data, ALPN http/1.1, the certificate checked
// against the system's authorities (or one file) and against the server's name or address, sessions resumed.
//
// The name is given to OpenSSL itself (as Asio's host_name_verification would check it, but the reason for a refusal is
// then kept, and the subject's common name never counts). SNI is sent for names, not for addresses. Connections end
// without close_notify: every message on them has a length or is dropped with its connection, so an attacker who cuts
// the line gains nothing, and closing need not wait for anybody. One thread.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "config/url.hpp"
#include "http/step_failure.hpp"

namespace consent_sync::http {

class tls_stream : public boost::asio::ssl::stream<boost::asio::ip::tcp::socket> {
  public:
    using boost::asio::ssl::stream<boost::asio::ip::tcp::socket>::stream;
    // OpenSSL takes a connection that is freed without a shutdown for broken and spoils its newest session for
    // resumption. An error of the protocol has spoilt it by then.
    ~tls_stream() { SSL_set_shutdown(native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }
};

// A connection to a server: without TLS only to this machine.
using stream = std::variant<boost::asio::ip::tcp::socket, std::unique_ptr<tls_stream>>;

// Nothing has come in and the peer has not closed: asked (by one system call) before an idle connection is used again.
// Between exchanges a server has nothing to say, so whatever is there, the connection is not to be trusted.
bool is_quiet(boost::asio::ip::tcp::socket& plain) noexcept;
bool is_quiet(std::unique_ptr<tls_stream>& secure) noexcept;

// The newest TLS sessions of one server, for the next connections: a resumed handshake needs no certificates and no
// signature. TLS 1.3 tickets arrive after the handshake, so OpenSSL hands sessions over by callback whenever they come.
// The context may outlive this object: its destruction ends the callback.
class tls_sessions {
  public:
    explicit tls_sessions(SSL_CTX* context);
    ~tls_sessions();
    tls_sessions(const tls_sessions&) = delete;
    tls_sessions& operator=(const tls_sessions&) = delete;

    // Offers the newest session to the server. The last one is kept for all, others are used once: a server need not
    // send new ones with every handshake.
    void offer(SSL* connection);
    void clear() { sessions_.clear(); }

  private:
    static int on_new_session(SSL* connection, SSL_SESSION* session);

    struct session_free {
        void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    };
    using session_ptr = std::unique_ptr<SSL_SESSION, session_free>;

    SSL_CTX* context_;
    std::deque<session_ptr> sessions_;  // the newest is the last
};

class tls_client {
  public:
    // `ca_file`: PEM; empty: the system's authorities. Errors: io, invalid_input: it cannot be read or holds no
    // certificate.
    static base::result<std::unique_ptr<tls_client>> make(const std::string& ca_file, const config::authority& server);

    // The handshake. Fails with tls, tls_timeout or cancelled; the socket is closed then. Streams may outlive the
    // client, but not in the middle of a handshake.
    boost::asio::awaitable<step_result<std::unique_ptr<tls_stream>>> secure(
        boost::asio::ip::tcp::socket socket, std::chrono::steady_clock::time_point deadline);

    std::uint64_t sessions_resumed() const { return resumed_; }

  private:
    explicit tls_client(config::authority server);

    config::authority server_;
    boost::asio::ssl::context context_;
    tls_sessions sessions_;
    std::uint64_t resumed_ = 0;
};

}  // namespace consent_sync::http
