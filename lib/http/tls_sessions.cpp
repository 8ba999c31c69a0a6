#include "http/tls_sessions.hpp"

namespace consent_sync::http {

namespace {

constexpr std::size_t sessions_max = 8;

// Asio keeps the app data of contexts for itself, so this has an index of its own.
int context_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

}  // namespace

tls_sessions::tls_sessions(SSL_CTX* context) : context_(context) {
    SSL_CTX_set_ex_data(context_, context_index(), this);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_, &tls_sessions::on_new_session);
}

tls_sessions::~tls_sessions() {
    SSL_CTX_sess_set_new_cb(context_, nullptr);
    SSL_CTX_set_ex_data(context_, context_index(), nullptr);
}

int tls_sessions::on_new_session(SSL* connection, SSL_SESSION* session) {
    auto* self = static_cast<tls_sessions*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), context_index()));
    if (self == nullptr) return 0;
    if (self->sessions_.size() == sessions_max) self->sessions_.pop_front();
    self->sessions_.emplace_back(session);
    return 1;  // the reference is ours now
}

void tls_sessions::offer(SSL* connection) {
    while (!sessions_.empty() && SSL_SESSION_is_resumable(sessions_.back().get()) == 0) sessions_.pop_back();
    if (sessions_.empty()) return;
    // A copy, because OpenSSL marks a session of TLS 1.3 as not resumable when a handshake that used it is finished,
    // and others may still be about to offer it. A failure only means a full handshake.
    const session_ptr copy(SSL_SESSION_dup(sessions_.back().get()));
    SSL_set_session(connection, copy.get());
    if (sessions_.size() > 1) sessions_.pop_back();
}

}  // namespace consent_sync::http
