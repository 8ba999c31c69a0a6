#include "http/tls.hpp"

#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "async/watchdog.hpp"
#include "http/tls_sessions.hpp"
#include "http/tls_stream.hpp"

namespace consent_sync::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

struct tls_client::parts {
    explicit parts(config::authority at)
        : server(std::move(at)), context(asio::ssl::context::tls_client), sessions(context.native_handle()) {}

    config::authority server;
    asio::ssl::context context;
    tls_sessions sessions;
    buffer_stock buffers;
    std::uint64_t resumed = 0;
};

namespace {

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

tls_client::tls_client(std::shared_ptr<parts> p) : parts_(std::move(p)) {}
tls_client::~tls_client() = default;

base::result<std::unique_ptr<tls_client>> tls_client::make(const tls_options& options,
                                                           const config::authority& server) {
    auto made = std::make_shared<parts>(server);
    boost::system::error_code error;
    if (options.ca_file.empty()) {
        made->context.set_default_verify_paths(error);
        if (error)
            return base::error{base::errc::io,
                               "the system's certificates cannot be read: " + error.message() +
                                   "; install the package ca-certificates, or name a file in hubspot.ca_file"};
    } else {
        made->context.load_verify_file(options.ca_file, error);
        if (error) return ca_failure(options.ca_file, error.message());
    }
    SSL_CTX* const context = made->context.native_handle();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    // With buffers of OpenSSL that are kept nothing was faster, and 100 idle connections would hold 3 MB of them.
    SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    // "http/1.1" with its length before it. Returns 0 for success.
    constexpr std::array<unsigned char, 9> protocols = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(context, protocols.data(), protocols.size()) != 0) {
        return base::error{base::errc::unsupported, "OpenSSL refuses TLS 1.2 or ALPN; look at its configuration"};
    }
    return std::unique_ptr<tls_client>(new tls_client(std::move(made)));
}

asio::awaitable<step_result<std::unique_ptr<byte_stream>>> tls_client::secure(
    tcp::socket socket, std::chrono::steady_clock::time_point deadline) {
    const auto shared = parts_;
    auto stream =
        std::make_unique<tls_stream>(std::move(socket), shared->context.native_handle(), shared->buffers, shared);
    if (!set_server(stream->native(), shared->server)) {
        co_return step_failure{failure_step::tls, "OpenSSL does not take the name " + shared->server.host};
    }
    shared->sessions.offer(stream->native());
    async::watchdog watchdog(co_await asio::this_coro::executor);
    watchdog.arm(deadline, [&stream] { stream->close(); });
    const byte_stream::io_result result = co_await stream->handshake();
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled_failure();
    if (watchdog.expired()) co_return step_failure{failure_step::tls_timeout, "no TLS handshake in time"};
    if (result.error) {
        // In case it was the offered session that the server choked on.
        shared->sessions.clear();
        co_return step_failure{failure_step::tls, handshake_failure(stream->native(), result.error)};
    }
    if (SSL_session_reused(stream->native()) == 1) shared->resumed++;
    step_result<std::unique_ptr<byte_stream>> secured(std::move(stream));
    co_return std::move(secured);
}

std::uint64_t tls_client::sessions_resumed() const { return parts_->resumed; }

}  // namespace consent_sync::http
