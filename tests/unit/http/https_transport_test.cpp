// The ordinary life of connections: kept alive, taken again, resumed, closed in time.
#include "http/https_transport.hpp"

#include "unit/http/fixture.hpp"

namespace consent_sync::http::test {
namespace {

class HttpsTransport : public transport_fixture {};

reply ok(const std::string&) {
    return reply{answer(200, R"({"status":"COMPLETE"})", "X-Request-ID: 7\r\n"), {}, {}, false};
}

TEST_F(HttpsTransport, SendsARequestAndReadsItsResponse) {
    serve(ok);
    auto with = options();
    with.to = config::parse_endpoint("https://localhost:" + std::to_string(server->port()) + "/prefix/").value();
    connect(with);
    const auto pending = begin(post("hello"));
    const exchange outcome = finish(pending);
    EXPECT_TRUE(ends_with(outcome, "none", true));
    EXPECT_EQ(outcome.response.status, 200u);
    EXPECT_EQ(outcome.response.body, R"({"status":"COMPLETE"})");
    EXPECT_EQ(outcome.response.header("x-request-id"), "7");
    EXPECT_EQ(pending->written_calls, 1u);
    ASSERT_EQ(server->requests().size(), 1u);
    EXPECT_EQ(server->requests().front(),
              "POST /prefix/batch/write HTTP/1.1\r\nHost: localhost:" + std::to_string(server->port()) +
                  "\r\nAuthorization: Bearer secret\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(server->server_name(), "localhost");
}

TEST_F(HttpsTransport, CarriesLargeBodiesBothWays) {
    const std::string large(3'000'000, 'x');
    serve([&](const std::string&) { return reply{answer(200, large), {}, {}, false}; });
    connect(options());
    const exchange outcome = send(post(large));
    EXPECT_TRUE(ends_with(outcome, "none", true));
    EXPECT_EQ(outcome.response.body.size(), large.size());
    EXPECT_TRUE(server->requests().front().ends_with(large));
}

TEST_F(HttpsTransport, KeepsConnectionsAliveAndTakesTheLastOneFirst) {
    serve(ok);
    connect(options());
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(ends_with(send(post()), "none", true));
    EXPECT_EQ(server->connections(), 1u);
    const auto first = begin(post());
    const auto second = begin(post());
    finish(first);
    finish(second);
    EXPECT_EQ(server->connections(), 2u);
    EXPECT_EQ(transport->open_connections(), 2u);
    EXPECT_EQ(transport->idle_connections(), 2u);
    EXPECT_EQ(transport->counters().connections_opened, 2u);
    transport->close_idle();
    EXPECT_EQ(transport->open_connections(), 0u);
}

TEST_F(HttpsTransport, KeepsNoMoreIdleConnectionsThanAllowed) {
    serve(ok);
    auto with = options();
    with.limits.connections_max = 1;
    connect(with);
    const auto first = begin(post());
    const auto second = begin(post());
    finish(first);
    finish(second);
    EXPECT_EQ(transport->idle_connections(), 1u);
}

TEST_F(HttpsTransport, DropsAConnectionThatTheServerWantsClosed) {
    serve([](const std::string&) { return reply{answer(200, "", "Connection: close\r\n"), {}, {}, false}; });
    connect(options());
    EXPECT_TRUE(ends_with(send(post()), "none", true));
    EXPECT_EQ(transport->open_connections(), 0u);
    EXPECT_TRUE(ends_with(send(post()), "none", true));
    EXPECT_EQ(server->connections(), 2u);
}

TEST_F(HttpsTransport, ClosesIdleConnectionsAfterAWhile) {
    serve(ok);
    auto with = options();
    with.limits.idle = milliseconds(30);
    connect(with);
    send(post());
    EXPECT_EQ(transport->open_connections(), 1u);
    run_until([&] { return transport->open_connections() == 0; });
    run_until([&] { return server->open() == 0; });
}

TEST_F(HttpsTransport, NoticesAnIdleConnectionThatTheServerClosed) {
    server_options closing;
    closing.idle_close = milliseconds(1);
    serve(closing, ok);
    connect(options());
    // The pause may also hit the first request; what matters is the connection that is found closed.
    run_until([&] {
        send(post());
        const bool idle = transport->idle_connections() == 1;
        run_until([&] { return server->open() == 0; });
        return idle;
    });
    const std::uint64_t found = transport->counters().idle_found_closed;
    const auto next = begin(post());
    run_until([&] { return next->outcome.has_value(); });
    EXPECT_EQ(transport->counters().idle_found_closed, found + 1);
}

TEST_F(HttpsTransport, ResumesTlsSessions) {
    for (const auto secure : {server_options::security::tls, server_options::security::tls_12}) {
        server_options with;
        with.secure = secure;
        serve(with, ok);
        connect(options());
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(ends_with(send(post()), "none", true));
            transport->close_idle();
        }
        EXPECT_EQ(server->handshakes(), 3u);
        EXPECT_EQ(server->resumed(), 2u);
        EXPECT_EQ(transport->counters().tls_sessions_resumed, 2u);
    }
}

// Whoever listens could send it again: a request may be repeated only by us.
TEST_F(HttpsTransport, SendsNoEarlyDataToAServerThatTakesIt) {
    server_options with;
    with.takes_early_data = true;
    serve(with, ok);
    connect(options());
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(ends_with(send(post()), "none", true));
        transport->close_idle();
    }
    EXPECT_EQ(server->resumed(), 2u) << "without a session there can be no early data";
    EXPECT_EQ(server->early_data(), 0u);
}

// Several connections that open at once share what sessions there are.
TEST_F(HttpsTransport, ResumesOnManyConnectionsAtOnce) {
    serve(ok);
    connect(options());
    send(post());
    transport->close_idle();
    std::vector<std::shared_ptr<pending_exchange>> all;
    for (int i = 0; i < 12; ++i) all.push_back(begin(post()));
    for (const auto& each : all) EXPECT_TRUE(ends_with(finish(each), "none", true));
    EXPECT_EQ(server->resumed(), 12u);
}

TEST_F(HttpsTransport, DoesNotFollowRedirects) {
    serve([](const std::string&) {
        return reply{answer(307, "", "Location: https://localhost:1/elsewhere\r\n"), {}, {}, false};
    });
    connect(options());
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "none", true));
    EXPECT_EQ(outcome.response.status, 307u);
    EXPECT_EQ(server->requests().size(), 1u);
}

TEST_F(HttpsTransport, ServesPlainLoopback) {
    server_options plain;
    plain.secure = server_options::security::plain;
    serve(plain, ok);
    auto options = options_for(server->port(), "http");
    connect(options);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(ends_with(send(post()), "none", true));
    EXPECT_EQ(server->connections(), 1u);
}

TEST_F(HttpsTransport, PlainGoesToLoopbackAddressesOnly) {
    https_options options = options_for(9, "http");
    options.lookup = [](const std::string&, std::uint16_t at) {
        lookup_answer found;
        found.addresses.emplace_back(boost::asio::ip::make_address("192.0.2.1"), at);
        return found;
    };
    connect(options);
    EXPECT_TRUE(ends_with(send(post()), "connect", false));
}

TEST_F(HttpsTransport, VerifiesAddressLiterals) {
    serve(ok);
    auto with = options();
    with.to = config::parse_endpoint("https://127.0.0.1:" + std::to_string(server->port())).value();
    connect(with);
    EXPECT_TRUE(ends_with(send(post()), "none", true));
    EXPECT_EQ(server->server_name(), "");
    with.to = config::parse_endpoint("https://127.0.0.2:" + std::to_string(server->port())).value();
    connect(with);
    EXPECT_EQ(name_of(send(post()).failure), "connect");
}

TEST_F(HttpsTransport, OutlivesItsOwnDestructionInTheMiddleOfAnExchange) {
    serve([](const std::string&) { return reply{"HTTP/1.1 200", reply::then::hang, {}, false}; });
    connect(hurry(options(), &config::timeout_settings::request));
    const auto pending = begin(post());
    run_until([&] { return !server->requests().empty(); });
    transport.reset();
    EXPECT_TRUE(ends_with(finish(pending), "request_timeout", true));
}

TEST_F(HttpsTransport, DiesQuietlyWithItsContextInTheMiddleOfAnExchange) {
    serve([](const std::string&) { return reply{"", reply::then::hang, {}, false}; });
    connect(options());
    const auto pending = begin(post());
    run_until([&] { return !server->requests().empty(); });
    transport.reset();
    server.reset();
    context = std::make_unique<boost::asio::io_context>(1);
    EXPECT_FALSE(pending->outcome);
}

TEST_F(HttpsTransport, SaysWhenTheAuthorityFileIsUnusable) {
    https_options options = options_for(1);
    options.ca_file = "/nonexistent.pem";
    const auto made = https_transport::make(context->get_executor(), options);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("/nonexistent.pem"), std::string::npos);
}

}  // namespace
}  // namespace consent_sync::http::test
