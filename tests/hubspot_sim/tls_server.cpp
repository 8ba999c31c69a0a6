#include "hubspot_sim/tls_server.hpp"

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>

namespace consent_sync::hubspot_sim {
namespace {

int number_of(tls_version v) {
    switch (v) {
        case tls_version::v1_0: return TLS1_VERSION;
        case tls_version::v1_1: return TLS1_1_VERSION;
        case tls_version::v1_2: return TLS1_2_VERSION;
        case tls_version::v1_3: return TLS1_3_VERSION;
    }
    return TLS1_3_VERSION;
}

}  // namespace

base::result<void> set_up_tls(boost::asio::ssl::context& context, const certificate& c, const options& o) {
    namespace asio = boost::asio;
    boost::system::error_code ec;
    context.use_certificate_chain(asio::buffer(c.server_pem), ec);
    if (!ec) context.use_private_key(asio::buffer(c.server_key_pem), asio::ssl::context::pem, ec);
    if (ec) return base::error{base::errc::unsupported, "TLS refuses the certificate: " + ec.message()};
    SSL_CTX* native = context.native_handle();
    const bool old = o.tls_max < tls_version::v1_2 || o.tls_min < tls_version::v1_2;
    // Debian's OpenSSL forbids the SHA-1 signatures of TLS 1.0 and 1.1 above this level.
    if (old && SSL_CTX_set_cipher_list(native, "DEFAULT:@SECLEVEL=0") != 1) {
        return base::error{base::errc::unsupported, "OpenSSL refuses the ciphers of old TLS versions"};
    }
    const tls_version least = std::min(o.tls_min, o.tls_max);
    if (SSL_CTX_set_min_proto_version(native, number_of(least)) != 1 ||
        SSL_CTX_set_max_proto_version(native, number_of(o.tls_max)) != 1) {
        return base::error{base::errc::unsupported, "OpenSSL does not have the asked TLS versions"};
    }
    return {};
}

}  // namespace consent_sync::hubspot_sim
