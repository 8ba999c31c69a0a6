// The newest TLS sessions of one server, for the next connections: a resumed handshake needs no certificates
// and no signature. TLS 1.3 tickets arrive after the handshake, so OpenSSL hands sessions over by callback
// whenever they come.
//
// Attach to one SSL_CTX, which must not outlive this object's last use: detach() (or destruction) ends the
// callback. One thread.
#pragma once

#include <openssl/ssl.h>

#include <deque>
#include <memory>

namespace consent_sync::http {

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

}  // namespace consent_sync::http
