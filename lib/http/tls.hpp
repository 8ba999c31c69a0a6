// TLS towards one server: TLS 1.2 and up, no early data, ALPN http/1.1, the certificate checked against the
// system's authorities (or one file) and against the server's name or address, sessions resumed.
//
// The name is given to OpenSSL itself (as Asio's host_name_verification would check it, but the reason for a
// refusal is then kept, and the subject's common name never counts). SNI is sent for names, not for
// addresses. Streams end without close_notify: every message on them has a length or is dropped with its
// connection, so an attacker who cuts the line gains nothing, and closing need not wait for anybody.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "config/url.hpp"
#include "http/byte_stream.hpp"
#include "http/step_failure.hpp"

namespace consent_sync::http {

struct tls_options {
    std::string ca_file;  // PEM; empty: the system's authorities
};

class tls_client {
  public:
    // Errors: io, invalid_input: ca_file cannot be read or holds no certificate.
    static base::result<std::unique_ptr<tls_client>> make(const tls_options& options, const config::authority& server);
    ~tls_client();
    tls_client(const tls_client&) = delete;
    tls_client& operator=(const tls_client&) = delete;

    // The handshake. Fails with tls, tls_timeout or cancelled; the socket is closed then. Streams may outlive
    // the client.
    boost::asio::awaitable<step_result<std::unique_ptr<byte_stream>>> secure(
        boost::asio::ip::tcp::socket socket, std::chrono::steady_clock::time_point deadline);

    std::uint64_t sessions_resumed() const;

  private:
    struct parts;
    explicit tls_client(std::shared_ptr<parts> p);
    std::shared_ptr<parts> parts_;
};

}  // namespace consent_sync::http
