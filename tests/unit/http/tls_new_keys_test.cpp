// Keys that are changed within a TLS connection (RFC 8446, 4.6.3).
#include "unit/http/tls_stream_test.hpp"

namespace consent_sync::http::test {
namespace {

class TlsNewKeys : public TlsStream {};  // TLS 1.2 has none

// Counts what a client says to a server of its keys.
void count_key_updates(int is_written, int, int kind, const void* message, std::size_t size, SSL*, void* count) {
    if (is_written != 0 || kind != SSL3_RT_HANDSHAKE || size == 0) return;
    if (*static_cast<const unsigned char*>(message) == SSL3_MT_KEY_UPDATE) ++*static_cast<int*>(count);
}

TEST_P(TlsNewKeys, AreTakenAndGivenInTheMiddleOfAnExchange) {
    int updates = 0;
    SSL_set_msg_callback(server->native_handle(), &count_key_updates);
    SSL_set_msg_callback_arg(server->native_handle(), &updates);
    serve(pattern(20'000));
    for (int round = 0; round < 3; ++round) {
        SSL_key_update(server->native_handle(), SSL_KEY_UPDATE_REQUESTED);
        serve(pattern(20'000));
    }
    EXPECT_EQ(read_all(80'000, 48 * 1024), pattern(20'000) + pattern(20'000) + pattern(20'000) + pattern(20'000));
    EXPECT_TRUE(quiet());
    EXPECT_FALSE(write("next").error);
    EXPECT_EQ(take(10), "next");
    EXPECT_EQ(updates, 3);
}

// By a server that does not wait for a request.
TEST_P(TlsNewKeys, AreNotQuietWithoutAnAnswerAndKeepNothingFromWorking) {
    exchange_something();
    SSL_key_update(server->native_handle(), SSL_KEY_UPDATE_REQUESTED);
    std::optional<boost::system::error_code> shaken;
    server->async_handshake(asio::ssl::stream_base::server,
                            [&](const boost::system::error_code& error) { shaken = error; });
    run_until([&] { return shaken.has_value(); });
    ASSERT_FALSE(*shaken) << shaken->message();
    EXPECT_FALSE(quiet());
    EXPECT_FALSE(write("request").error);
    EXPECT_EQ(take(10), "request");
    exchange_something();
    EXPECT_TRUE(quiet());
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsNewKeys, ::testing::Values(TLS1_3_VERSION), [](const auto&) { return "Tls13"; });

}  // namespace
}  // namespace consent_sync::http::test
