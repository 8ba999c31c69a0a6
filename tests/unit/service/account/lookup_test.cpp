#include "service/account/lookup.hpp"

#include <gtest/gtest.h>

#include "service/account/subscriptions_service.hpp"
#include "unit/service/test_environment.hpp"

namespace consent_sync::service {
namespace {

struct asking : test_environment {
    base::random_engine random{1};
    scripted_transport transport;
    delivery::engine engine{settings, nullptr, random};
    token_service tokens{env, random, transport};
    lookup ask{env, engine, transport, tokens};

    lookup::reply get() {
        EXPECT_TRUE(ask.take_slot());
        return wait_for(ask.get("/x"));
    }
    std::uint64_t slots_used() { return static_cast<std::uint64_t>(engine.status(clock.now()).limit_used); }
};

http::exchange dead_connection() {
    http::exchange e;
    e.failure = http::failure_step::connection_lost;
    e.written = true;
    e.idle_connection_died = true;
    return e;
}

TEST(Lookup, GivesStatusAndBody) {
    asking t;
    t.transport.answers.push_back(scripted_transport::answer(200, "{}"));
    const lookup::reply got = t.get();
    EXPECT_TRUE(got.ok());
    EXPECT_EQ(got.body, "{}");
    EXPECT_EQ(t.transport.sent.at(0).method, "GET");
    EXPECT_EQ(t.slots_used(), 1u);
}

TEST(Lookup, ARequestThatWasNeverWrittenGivesItsSlotBack) {
    asking t;
    const lookup::reply got = t.get();
    EXPECT_FALSE(got.ok());
    EXPECT_EQ(got.status, 0u);
    EXPECT_EQ(got.words, "no answer: nothing is scripted");
    EXPECT_EQ(t.slots_used(), 0u);
}

TEST(Lookup, AConnectionThatDiedIdleIsNoAnswerYet) {
    asking t;
    t.transport.answers = {dead_connection(), scripted_transport::answer(200, "there")};
    EXPECT_EQ(t.get().body, "there");
    ASSERT_EQ(t.transport.sent.size(), 2u);
    EXPECT_FALSE(t.transport.sent[0].on_new_connection);
    EXPECT_TRUE(t.transport.sent[1].on_new_connection);
    EXPECT_EQ(t.slots_used(), 2u);
}

TEST(Lookup, ItIsAskedOnceMoreAndNotAgain) {
    asking t;
    t.transport.answers = {dead_connection(), dead_connection(), scripted_transport::answer(200, "late")};
    EXPECT_FALSE(t.get().ok());
    EXPECT_EQ(t.transport.sent.size(), 2u);
}

// ---- What the account's subscriptions are.

const char* const one_subscription = R"({"status":"COMPLETE","results":[{"id":"7","name":"News","isActive":true}]})";

TEST(Subscriptions, AreKnownByAWholeListAloneAndStayKnown) {
    asking t;
    t.settings.rules.known_subscriptions = true;
    t.transport.answers.push_back(scripted_transport::answer(200, one_subscription));
    subscriptions_service known(t.env, t.ask);
    EXPECT_FALSE(known.known());
    EXPECT_FALSE(known.is_fresh()) << "HubSpot is asked first";
    known.start();
    t.io.poll();
    ASSERT_TRUE(known.known());
    EXPECT_EQ(known.known()->at(0).id, 7);
    EXPECT_TRUE(known.is_fresh());
    // A minute later it is asked again; an odd list, or none, changes nothing.
    for (const char* body : {R"({"results":[]})", "nonsense"}) {
        t.transport.answers.push_back(scripted_transport::answer(200, body));
        t.clock.advance(std::chrono::minutes(2));
        EXPECT_FALSE(known.is_fresh());
        t.io.restart();
        t.io.poll();
        EXPECT_TRUE(known.is_fresh()) << "HubSpot has answered";
        ASSERT_TRUE(known.known());
        EXPECT_EQ(known.known()->size(), 1u);
    }
    t.settings.rules.known_subscriptions = false;
    EXPECT_FALSE(known.known()) << "nobody is to ask any more";
    known.stop();
    t.io.restart();
    t.io.poll();
}

}  // namespace
}  // namespace consent_sync::service
