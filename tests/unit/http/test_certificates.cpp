#include "unit/http/test_certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>

namespace consent_sync::http::test {

namespace {

template <auto Free>
struct freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freer<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freer<BIO_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freer<X509_EXTENSION_free>>;

constexpr long day = 24L * 3600;

void require(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL could not make a test certificate");
}

struct identity {
    key_ptr key;
    x509_ptr certificate;
};

void add_extension(X509* subject, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, subject, nullptr, nullptr, 0);
    const extension_ptr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    require(extension && X509_add_ext(subject, extension.get(), -1) == 1);
}

// Signed by `issuer`, or by itself.
identity make(const char* common_name, const identity* issuer, const char* names, bool expired) {
    identity made;
    made.key.reset(EVP_EC_gen("P-256"));
    made.certificate.reset(X509_new());
    X509* const x = made.certificate.get();
    static long serial = 1;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), -2 * day);
    X509_gmtime_adj(X509_getm_notAfter(x), expired ? -day : day);
    X509_set_pubkey(x, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
    const identity& signer = issuer == nullptr ? made : *issuer;
    X509_set_issuer_name(x, X509_get_subject_name(signer.certificate.get()));
    add_extension(x, signer.certificate.get(), NID_basic_constraints,
                  names == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (names != nullptr) add_extension(x, signer.certificate.get(), NID_subject_alt_name, names);
    require(X509_sign(x, signer.key.get(), EVP_sha256()) != 0);
    return made;
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_ctrl(memory, BIO_CTRL_INFO, 0, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

certificate to_pem(const identity& of) {
    const bio_ptr chain(BIO_new(BIO_s_mem()));
    const bio_ptr key(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_X509(chain.get(), of.certificate.get()) == 1);
    require(PEM_write_bio_PrivateKey(key.get(), of.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return certificate{text_of(chain.get()), text_of(key.get())};
}

const identity& trusted_authority() {
    static const identity authority = make("consent-sync test authority", nullptr, nullptr, false);
    return authority;
}

struct temporary_file {
    explicit temporary_file(const std::string& content) {
        std::string name = (std::filesystem::temp_directory_path() / "consent sync test-XXXXXX").string();
        const int descriptor = ::mkstemp(name.data());
        require(descriptor >= 0);
        ::close(descriptor);
        path = name;
        std::ofstream(path) << content;
    }
    ~temporary_file() { ::unlink(path.c_str()); }
    std::string path;
};

}  // namespace

const std::string& authority_file() {
    static const temporary_file file(to_pem(trusted_authority()).chain_pem);
    return file.path;
}

const certificate& server_certificate(flaw kind) {
    static std::map<flaw, certificate> made;
    auto found = made.find(kind);
    if (found != made.end()) return found->second;
    const char* names = kind == flaw::wrong_name ? "DNS:other.example" : "DNS:localhost,IP:127.0.0.1,IP:::1";
    identity authority;
    const identity* issuer = &trusted_authority();
    if (kind == flaw::self_signed) issuer = nullptr;
    if (kind == flaw::other_authority) {
        authority = make("some other authority", nullptr, nullptr, false);
        issuer = &authority;
    }
    // The common name is right even where the names are wrong: it must not count.
    return made[kind] = to_pem(make("localhost", issuer, names, kind == flaw::expired));
}

}  // namespace consent_sync::http::test
