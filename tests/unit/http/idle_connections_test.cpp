// Idle connections that die under their next request: what the transport says of it, and what becomes of the others.
#include "unit/http/fixture.hpp"

namespace consent_sync::http::test {
namespace {

class IdleConnections : public transport_fixture {
  protected:
    // Answers the first `good` requests, and from then on with `next`.
    void serve_and_then(unsigned good, reply next, server_options::security secure = server_options::security::tls) {
        server_options with;
        with.secure = secure;
        serve(with, [this, good, next](const std::string&) {
            return served_++ < good ? reply{answer(200, "{}"), {}, {}, false} : next;
        });
        connect(options_for(server->port(), secure == server_options::security::plain ? "http" : "https"));
    }
    // So many connections are open and idle.
    void open_idle(unsigned count) {
        std::vector<std::shared_ptr<pending_exchange>> all;
        for (unsigned i = 0; i < count; ++i) all.push_back(begin(post()));
        for (const auto& each : all) ASSERT_TRUE(ends_with(finish(each), "none", true));
        ASSERT_EQ(transport->idle_connections(), count);
    }
    exchange on_new_connection() {
        request r = post();
        r.on_new_connection = true;
        return send(std::move(r));
    }

    unsigned served_ = 0;
    unsigned seen_ = 0;
};

TEST_F(IdleConnections, OneThatDiesUnderItsRequestTakesTheOthersWithIt) {
    using then = reply::then;
    using security = server_options::security;
    for (const security secure : {security::tls, security::tls_12, security::plain})
        for (const then end : {then::close, then::reset}) {
            served_ = 0;
            serve_and_then(4, reply{"", end, {}, false}, secure);
            open_idle(4);
            const exchange outcome = send(post());
            EXPECT_TRUE(ends_with(outcome, "connection_lost", true));
            EXPECT_TRUE(outcome.idle_connection_died);
            EXPECT_EQ(transport->idle_connections(), 0u);
            EXPECT_EQ(transport->counters().idle_died, 1u);
        }
}

// Each of them was taken before the first was known to be dead: they are one death, and what was opened since stays.
TEST_F(IdleConnections, ThatDieAtTheSameMomentAreOneDeath) {
    std::vector<reply> script(4, reply{answer(200, "{}"), {}, {}, false});
    script.insert(script.end(), 4, reply{"", reply::then::reset, {}, false});
    serve([this, script](const std::string&) {
        const unsigned now = served_++;
        return now < script.size() ? script[now] : reply{answer(200, "{}"), {}, {}, false};
    });
    connect(options());
    open_idle(4);
    std::vector<std::shared_ptr<pending_exchange>> all;
    for (int i = 0; i < 4; ++i) all.push_back(begin(post()));
    for (const auto& each : all) EXPECT_TRUE(finish(each).idle_connection_died);
    EXPECT_EQ(transport->counters().idle_died, 4u);
    EXPECT_TRUE(ends_with(send(post()), "none", true));
    EXPECT_EQ(transport->idle_connections(), 1u) << "connections are kept again";
}

TEST_F(IdleConnections, ANewConnectionThatEndsIsNoIdleOne) {
    for (const auto end : {reply::then::close, reply::then::reset}) {
        served_ = 0;
        serve_and_then(0, reply{"", end, {}, false});
        const exchange first = send(post());
        EXPECT_TRUE(ends_with(first, "connection_lost", true));
        EXPECT_FALSE(first.idle_connection_died);
        served_ = 0;
        serve_and_then(1, reply{"", end, {}, false});
        open_idle(1);
        const exchange asked = on_new_connection();
        EXPECT_TRUE(ends_with(asked, "connection_lost", true));
        EXPECT_FALSE(asked.idle_connection_died);
        EXPECT_EQ(transport->idle_connections(), 1u) << "and says nothing about those that wait";
        EXPECT_EQ(server->connections(), 2u);
    }
}

// The server was there: it had begun to answer, or it took its time.
TEST_F(IdleConnections, AnAnswerThatBreaksOffOrDoesNotComeIsNoDeath) {
    for (const char* half : {"H", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"}) {
        for (const auto end : {reply::then::close, reply::then::reset}) {
            served_ = 0;
            serve_and_then(1, reply{half, end, {}, false});
            open_idle(1);
            const exchange outcome = send(post());
            EXPECT_TRUE(outcome.failure) << half;
            EXPECT_FALSE(outcome.idle_connection_died) << half;
        }
    }
    served_ = 0;
    server_options with;
    serve(with, [this](const std::string&) {
        return served_++ == 0 ? reply{answer(200, "{}"), {}, {}, false} : reply{"", reply::then::hang, {}, false};
    });
    connect(hurry(options(), &config::timeout_settings::request));
    open_idle(1);
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "request_timeout", true));
    EXPECT_FALSE(outcome.idle_connection_died);
}

TEST_F(IdleConnections, AServerThatWaitedTooLongForARequestSaysSo) {
    const std::string waited = answer(408, "", "Connection: close\r\n");
    serve_and_then(1, reply{waited, reply::then::close, {}, false});
    open_idle(1);
    EXPECT_TRUE(send(post()).idle_connection_died);
    served_ = 0;
    serve_and_then(0, reply{waited, reply::then::close, {}, false});
    const exchange fresh = send(post());
    EXPECT_EQ(fresh.response.status, 408u);
    EXPECT_FALSE(fresh.idle_connection_died);
}

// The connections of a firewall that forgot them: without a word of the network the request's deadline would be all.
TEST_F(IdleConnections, ThatDropPacketsAreFoundOutBeforeTheDeadline) {
    serve([](const std::string&) { return reply{answer(200, "{}"), reply::then::go_silent, {}, false}; });
    https_options with = options();
    with.limits.silence = milliseconds(300);
    connect(with);
    open_idle(2);
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "connection_lost", true));
    EXPECT_TRUE(outcome.idle_connection_died);
    EXPECT_EQ(transport->idle_connections(), 0u);
}

// The request was acknowledged: only probes can tell.
TEST_F(IdleConnections, AServerThatIsGoneAfterItTookTheRequestIsFoundOutBeforeTheDeadline) {
    serve([](const std::string&) { return reply{"", reply::then::go_silent, {}, false}; });
    https_options with = options();
    with.limits.silence = milliseconds(1'000);
    connect(with);
    const exchange outcome = send(post());
    EXPECT_TRUE(ends_with(outcome, "connection_lost", true));
    EXPECT_FALSE(outcome.idle_connection_died) << "it was new";
}

// A way that bears no second request: after two deaths in a row nothing is kept, so nothing is sent twice.
TEST_F(IdleConnections, ThatAlwaysDieAreNotKept) {
    unsigned on_this = 0;
    serve([&on_this, this](const std::string&) {
        // Requests of a connection are told apart by its number.
        on_this = seen_ == server->connections() ? on_this + 1 : 1;
        seen_ = server->connections();
        return on_this == 1 ? reply{answer(200, "{}"), {}, {}, false} : reply{"", reply::then::reset, {}, false};
    });
    connect(options());
    unsigned died = 0;
    for (int i = 0; i < 20; ++i) {
        if (!send(post()).idle_connection_died) continue;
        ++died;
        EXPECT_TRUE(ends_with(on_new_connection(), "none", true));
    }
    EXPECT_EQ(died, 2u);
    EXPECT_EQ(transport->idle_connections(), 0u);
}

TEST_F(IdleConnections, ThatAreUsedAgainMakeUpForOneThatDied) {
    serve([this](const std::string&) {
        ++served_;
        const bool dies = served_ % 4 == 0;
        return dies ? reply{"", reply::then::reset, {}, false} : reply{answer(200, "{}"), {}, {}, false};
    });
    connect(options());
    for (int i = 0; i < 20; ++i) send(post());
    EXPECT_EQ(transport->counters().idle_died, 5u);
    EXPECT_EQ(transport->idle_connections(), 0u) << "the last one died";
    send(post());
    EXPECT_EQ(transport->idle_connections(), 1u) << "they are still kept";
}

}  // namespace
}  // namespace consent_sync::http::test
