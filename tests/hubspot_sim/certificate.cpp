#include "hubspot_sim/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace consent_sync::hubspot_sim {
namespace {

template <auto Free>
struct deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, deleter<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, deleter<BIO_free_all>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, deleter<X509_EXTENSION_free>>;

constexpr long day_seconds = 24 * 60 * 60;

struct subject {
    const char* common_name;
    const char* names;  // subjectAltName; null: an authority
    long from_seconds;  // both relative to now
    long until_seconds;
};

bool add_extension(X509* target, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, target, nullptr, nullptr, 0);
    const extension_ptr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    return extension && X509_add_ext(target, extension.get(), -1) == 1;
}

bool set_name(X509* target, const char* common_name) {
    X509_NAME* name = X509_get_subject_name(target);
    const auto* text = reinterpret_cast<const unsigned char*>(common_name);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1;
}

bool set_serial(X509* target) {
    std::uint64_t serial = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(target), serial >> 1) == 1;
}

// `issuer` null: signed by itself.
x509_ptr issue(const subject& s, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
    x509_ptr made(X509_new());
    if (!made) return nullptr;
    X509* signer = issuer ? issuer : made.get();
    const bool authority = s.names == nullptr;
    bool ok = X509_set_version(made.get(), 2) == 1 && set_serial(made.get()) &&
              X509_gmtime_adj(X509_getm_notBefore(made.get()), s.from_seconds) &&
              X509_gmtime_adj(X509_getm_notAfter(made.get()), s.until_seconds) &&
              X509_set_pubkey(made.get(), key) == 1 && set_name(made.get(), s.common_name) &&
              X509_set_issuer_name(made.get(), X509_get_subject_name(signer)) == 1;
    ok = ok && add_extension(made.get(), signer, NID_basic_constraints,
                             authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
    ok = ok && add_extension(made.get(), signer, NID_key_usage,
                             authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    ok = ok && add_extension(made.get(), signer, NID_subject_key_identifier, "hash");
    if (!authority) {
        ok = ok && add_extension(made.get(), signer, NID_subject_alt_name, s.names);
        ok = ok && add_extension(made.get(), signer, NID_ext_key_usage, "serverAuth");
    }
    if (!ok || X509_sign(made.get(), issuer_key, EVP_sha256()) == 0) return nullptr;
    return made;
}

std::string contents(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::string to_pem(X509* x509) {
    const bio_ptr memory(BIO_new(BIO_s_mem()));
    return PEM_write_bio_X509(memory.get(), x509) == 1 ? contents(memory.get()) : "";
}

std::string to_pem(EVP_PKEY* key) {
    const bio_ptr memory(BIO_new(BIO_s_mem()));
    const int done = PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return done == 1 ? contents(memory.get()) : "";
}

base::error openssl_error() {
    char reason[256] = "unknown reason";
    if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, reason, sizeof reason);
    return {base::errc::unsupported, std::string("OpenSSL could not make a certificate: ") + reason};
}

}  // namespace

base::result<certificate> make_certificate(certificate_fault fault) {
    const key_ptr authority_key(EVP_EC_gen("P-256"));
    const key_ptr server_key(EVP_EC_gen("P-256"));
    if (!authority_key || !server_key) return openssl_error();

    const subject authority{"hubspot_sim authority", nullptr, -day_seconds, 30 * day_seconds};
    subject server{"localhost", "DNS:localhost,IP:127.0.0.1,IP:::1", -day_seconds, 30 * day_seconds};
    if (fault == certificate_fault::wrong_name) {
        server.common_name = "example.invalid";
        server.names = "DNS:example.invalid";
    }
    if (fault == certificate_fault::expired) {
        server.from_seconds = -10 * day_seconds;
        server.until_seconds = -day_seconds;
    }
    const x509_ptr authority_x509 = issue(authority, authority_key.get(), nullptr, authority_key.get());
    if (!authority_x509) return openssl_error();
    const bool self_signed = fault == certificate_fault::self_signed;
    const x509_ptr server_x509 = issue(server, server_key.get(), self_signed ? nullptr : authority_x509.get(),
                                       self_signed ? server_key.get() : authority_key.get());
    if (!server_x509) return openssl_error();

    certificate made{to_pem(authority_x509.get()), to_pem(server_x509.get()), to_pem(server_key.get())};
    if (made.authority_pem.empty() || made.server_pem.empty() || made.server_key_pem.empty()) return openssl_error();
    return made;
}

}  // namespace consent_sync::hubspot_sim
