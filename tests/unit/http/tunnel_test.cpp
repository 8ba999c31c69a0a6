// Exchanges through a proxy, and all the ways in which it may say no.
#include "http/proxy.hpp"

#include "unit/http/fixture.hpp"
#include "unit/http/test_proxy.hpp"

namespace consent_sync::http::test {
namespace {

class Tunnel : public transport_fixture {
  protected:
    void TearDown() override {
        via.reset();
        transport_fixture::TearDown();
    }

    // One exchange through a proxy that answers CONNECT so.
    exchange through(const std::string& answer, const std::string& credentials = "", bool hang_up = false) {
        serve([](const std::string&) { return reply{test::answer(200, "behind"), {}, {}, false}; });
        via = std::make_unique<test_proxy>(context->get_executor(), answer, server->port(), hang_up);
        https_options with = answer.empty() ? hurry(options(), &config::timeout_settings::connect) : options();
        with.via = config::parse_proxy("http://" + credentials + "127.0.0.1:" + std::to_string(via->port())).value();
        connect(with);
        return send(post());
    }

    std::string words(const exchange& outcome) const {
        const std::string begin = "127.0.0.1:" + std::to_string(via->port()) + ": ";
        return outcome.detail.starts_with(begin) ? outcome.detail.substr(begin.size()) : outcome.detail;
    }

    std::unique_ptr<test_proxy> via;
};

TEST_F(Tunnel, LeadsToTheServer) {
    const exchange outcome = through("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n", "us%65r:p%40ss@");
    EXPECT_TRUE(ends_with(outcome, "none", true));
    EXPECT_EQ(outcome.response.body, "behind");
    const std::string at = "localhost:" + std::to_string(server->port());
    ASSERT_EQ(via->requests().size(), 1u);
    EXPECT_EQ(via->requests().front(),
              "CONNECT " + at + " HTTP/1.1\r\nHost: " + at + "\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n");
    EXPECT_EQ(server->server_name(), "localhost");
    EXPECT_TRUE(ends_with(send(post()), "none", true));
    EXPECT_EQ(via->requests().size(), 1u) << "the connection is kept";
}

TEST_F(Tunnel, SaysWhyTheProxyRefuses) {
    const auto target = [&] { return "localhost:" + std::to_string(server->port()); };
    exchange outcome = through("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(ends_with(outcome, "proxy", false));
    EXPECT_EQ(words(outcome), "proxy asks for a password (407)");
    outcome = through("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", "user:wrong@");
    EXPECT_EQ(words(outcome), "proxy refuses the user or the password (407)");
    EXPECT_EQ(outcome.detail.find("wrong"), std::string::npos);
    outcome = through("HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_EQ(words(outcome), "proxy refuses the way to " + target() + " (403)");
    outcome = through("HTTP/1.1 502 No\r\n\r\n");
    EXPECT_EQ(words(outcome), "proxy cannot reach " + target() + " (502)");
    EXPECT_TRUE(ends_with(outcome, "proxy", false));
    EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Tunnel, SurvivesAProxyThatMisbehaves) {
    exchange outcome = through("");
    EXPECT_TRUE(ends_with(outcome, "proxy", false));
    EXPECT_EQ(words(outcome), "no answer to CONNECT in time");
    outcome = through("garbage garbage\r\n\r\n");
    EXPECT_TRUE(ends_with(outcome, "proxy", false));
    outcome = through("HTTP/1.1 2", "", true);
    EXPECT_TRUE(ends_with(outcome, "proxy", false));
    EXPECT_EQ(words(outcome), "proxy closed the connection without an answer to CONNECT");
    outcome = through("HTTP/1.1 200 OK\r\n\r\nsurprise", "", true);
    EXPECT_TRUE(ends_with(outcome, "proxy", false));
    EXPECT_EQ(words(outcome), "proxy sent data before the tunnel was used");
}

TEST_F(Tunnel, SaysThatTheProxyCannotBeReached) {
    serve([](const std::string&) { return reply{}; });
    https_options with = options();
    with.via = config::parse_proxy("127.0.0.1:" + std::to_string(server->port())).value();
    server.reset();
    connect(with);
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "proxy", false));
    EXPECT_TRUE(outcome.detail.starts_with("the proxy cannot be reached: 127.0.0.1:")) << outcome.detail;
}

TEST_F(Tunnel, IsCutByCancellation) {
    serve([](const std::string&) { return reply{}; });
    via = std::make_unique<test_proxy>(context->get_executor(), "", server->port());
    https_options with = options();
    with.via = config::parse_proxy("127.0.0.1:" + std::to_string(via->port())).value();
    connect(with);
    const auto pending = begin(post());
    run_until([&] { return via->requests().size() == 1; });
    cancel(pending);
    EXPECT_TRUE(ends_with(finish(pending), "cancelled", false));
}

}  // namespace
}  // namespace consent_sync::http::test
