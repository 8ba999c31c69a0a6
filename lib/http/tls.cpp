#include "http/tls.hpp"

#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <string_view>
#include <utility>

#include "async/watchdog.hpp"
#include "http/connector.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t sessions_max = 8;

// Asio keeps the app data of contexts for itself, so this has an index of its own.
int context_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

base::error ca_failure(const std::string& file, const std::string& reason) {
    return base::error{base::errc::invalid_input,
                       "ca_file " + file + ": " + reason + "; it must be a readable PEM file of certificates"};
}

// What the server's name is checked against, and what it is told about the name.
bool set_server(SSL* connection, const config::authority& server) {
    X509_VERIFY_PARAM* const parameters = SSL_get0_param(connection);
    if (server.is_address) return X509_VERIFY_PARAM_set1_ip_asc(parameters, server.host.c_str()) == 1;
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(parameters, server.host.c_str(), 0) == 1 &&
           // SSL_set_tlsext_host_name, which is a macro with an old-style cast; OpenSSL copies the name.
           SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(server.host.c_str())) == 1;
}

std::string handshake_failure(SSL* connection, const boost::system::error_code& error) {
    if (const long verdict = SSL_get_verify_result(connection); verdict != X509_V_OK) {
        std::string words = "certificate verify failed: ";
        words += X509_verify_cert_error_string(verdict);
        const bool no_issuer =
            verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT;
        if (no_issuer) words += " (is ca-certificates installed, or ca_file the right one?)";
        return words;
    }
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
        return "the server closed the connection during the handshake";
    }
    return error.message();
}

}  // namespace

bool is_quiet(tcp::socket& plain) noexcept {
    if (!plain.is_open()) return false;
    char byte = 0;
    const ssize_t got = ::recv(plain.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool is_quiet(std::unique_ptr<tls_stream>& secure) noexcept {
    SSL* const connection = secure->native_handle();
    // A record of which OpenSSL has no more than the header does not count as pending there. What Asio has received
    // and OpenSSL has not yet read lies in between.
    const bool between_records = std::string_view(SSL_rstate_string(connection)) == "RH";
    return between_records && SSL_has_pending(connection) == 0 && BIO_ctrl_pending(SSL_get_rbio(connection)) == 0 &&
           SSL_in_init(connection) == 0 && SSL_get_shutdown(connection) == 0 && is_quiet(secure->next_layer());
}

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

tls_client::tls_client(config::authority server)
    : server_(std::move(server)), context_(asio::ssl::context::tls_client), sessions_(context_.native_handle()) {}

base::result<std::unique_ptr<tls_client>> tls_client::make(const std::string& ca_file,
                                                           const config::authority& server) {
    std::unique_ptr<tls_client> made(new tls_client(server));
    boost::system::error_code error;
    if (ca_file.empty()) {
        made->context_.set_default_verify_paths(error);
        if (error)
            return base::error{base::errc::io,
                               "the system's certificates cannot be read: " + error.message() +
                                   "; install the package ca-certificates, or name a file in hubspot.ca_file"};
    } else {
        made->context_.load_verify_file(ca_file, error);
        if (error) return ca_failure(ca_file, error.message());
    }
    SSL_CTX* const context = made->context_.native_handle();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    // "http/1.1" with its length before it. Returns 0 for success.
    constexpr std::array<unsigned char, 9> protocols = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, protocols.data(), protocols.size()) != 0) {
        return base::error{base::errc::unsupported, "OpenSSL refuses TLS 1.2 or ALPN; look at its configuration"};
    }
    return made;
}

asio::awaitable<step_result<std::unique_ptr<tls_stream>>> tls_client::secure(
    tcp::socket socket, std::chrono::steady_clock::time_point deadline) {
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    auto secured = std::make_unique<tls_stream>(std::move(socket), context_);
    SSL* const connection = secured->native_handle();
    if (!set_server(connection, server_))
        co_return step_failure{failure_step::tls, "OpenSSL does not take the name " + server_.host};
    sessions_.offer(connection);
    async::watchdog watchdog(co_await asio::this_coro::executor);
    watchdog.arm(deadline, [&secured] { close_now(secured->next_layer()); });
    const auto [error] = co_await secured->async_handshake(asio::ssl::stream_base::client, token);
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled_failure();
    if (watchdog.expired()) co_return step_failure{failure_step::tls_timeout, "no TLS handshake in time"};
    if (error) {
        // In case it was the offered session that the server choked on.
        sessions_.clear();
        co_return step_failure{failure_step::tls, handshake_failure(connection, error)};
    }
    if (SSL_session_reused(connection) == 1) ++resumed_;
    co_return step_result<std::unique_ptr<tls_stream>>(std::move(secured));
}

}  // namespace consent_sync::http
