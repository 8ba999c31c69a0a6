// What OpenSSL does with a session that several handshakes use, in memory and step by step.
#include "http/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <memory>

#include "unit/http/test_certificates.hpp"

namespace consent_sync::http::test {
namespace {

struct context_free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct connection_free {
    void operator()(SSL* connection) const { SSL_free(connection); }
};
using context_ptr = std::unique_ptr<SSL_CTX, context_free>;
using connection_ptr = std::unique_ptr<SSL, connection_free>;

// Hands out `tickets` new sessions after each handshake.
context_ptr make_server(std::size_t tickets) {
    context_ptr context(SSL_CTX_new(TLS_server_method()));
    const certificate& own = server_certificate(flaw::none);
    const std::unique_ptr<BIO, decltype(&BIO_free)> chain(
        BIO_new_mem_buf(own.chain_pem.data(), static_cast<int>(own.chain_pem.size())), &BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr),
                                                           &X509_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> key_text(
        BIO_new_mem_buf(own.key_pem.data(), static_cast<int>(own.key_pem.size())), &BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    EXPECT_EQ(SSL_CTX_use_certificate(context.get(), leaf.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), key.get()), 1);
    SSL_CTX_set_num_tickets(context.get(), tickets);
    return context;
}

// A client and its server in one process. begin() sends the client's first words, which name the session it offers.
class handshake {
  public:
    handshake(SSL_CTX* client, SSL_CTX* server) : client_(SSL_new(client)), server_(SSL_new(server)) {
        BIO* near = nullptr;
        BIO* far = nullptr;
        EXPECT_EQ(BIO_new_bio_pair(&near, 0, &far, 0), 1);
        SSL_set_bio(client_.get(), near, near);
        SSL_set_bio(server_.get(), far, far);
        SSL_set_connect_state(client_.get());
        SSL_set_accept_state(server_.get());
    }
    ~handshake() {
        for (SSL* const end : {client_.get(), server_.get()})
            SSL_set_shutdown(end, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }

    void begin(tls_sessions& sessions) {
        sessions.offer(client_.get());
        SSL_do_handshake(client_.get());
    }

    // True: it took the offered session.
    bool finish() {
        char byte = 0;
        for (int round = 0; round < 10; ++round) {
            SSL_do_handshake(server_.get());
            SSL_do_handshake(client_.get());
            SSL_read(client_.get(), &byte, 1);  // takes what tickets came
        }
        EXPECT_EQ(SSL_is_init_finished(client_.get()) + SSL_is_init_finished(server_.get()), 2);
        return SSL_session_reused(client_.get()) == 1;
    }

  private:
    connection_ptr client_;
    connection_ptr server_;
};

class TlsSessions : public ::testing::TestWithParam<int> {
  protected:
    void SetUp() override { SSL_CTX_set_max_proto_version(client.get(), GetParam()); }

    context_ptr client{SSL_CTX_new(TLS_client_method())};
    tls_sessions sessions{client.get()};
};

// Servers need not send new tickets when a session is resumed: then the last one has to last.
TEST_P(TlsSessions, TheLastOneLastsWhoeverUsedItBefore) {
    const context_ptr server = make_server(1);
    {
        handshake first(client.get(), server.get());
        first.begin(sessions);
        EXPECT_FALSE(first.finish());
    }
    SSL_CTX_set_num_tickets(server.get(), 0);
    handshake early(client.get(), server.get());
    handshake late(client.get(), server.get());
    early.begin(sessions);
    EXPECT_TRUE(early.finish());
    late.begin(sessions);  // only now, when OpenSSL is done with the session of the other
    EXPECT_TRUE(late.finish());
}

TEST_P(TlsSessions, AFinishedHandshakeSpoilsNoneThatIsUnderWay) {
    const context_ptr server = make_server(1);
    {
        handshake first(client.get(), server.get());
        first.begin(sessions);
        first.finish();
    }
    SSL_CTX_set_num_tickets(server.get(), 0);
    handshake one(client.get(), server.get());
    handshake other(client.get(), server.get());
    one.begin(sessions);
    other.begin(sessions);
    EXPECT_TRUE(one.finish());
    EXPECT_TRUE(other.finish());
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsSessions, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace consent_sync::http::test
