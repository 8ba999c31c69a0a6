#include "hubspot_sim/simulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_client.hpp"

namespace consent_sync::hubspot_sim {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr auto patience = 10s;

class Simulator : public ::testing::Test {
  protected:
    void start(options o = {}) {
        auto started = simulator::start(std::move(o));
        ASSERT_TRUE(started) << started.error().message;
        sim_ = std::move(*started);
        client_.emplace(*sim_);
        ASSERT_FALSE(client_->connect());
    }
    test_answer again(const std::vector<std::string>& items) {
        EXPECT_FALSE(client_->connect());
        return client_->write(items);
    }

    std::unique_ptr<simulator> sim_;
    std::optional<test_client> client_;
};

TEST_F(Simulator, ConfirmsChangesAndRecordsThem) {
    start();
    const test_answer a = client_->write({item("Ann@b.c"), item("bob@b.c", "UNSUBSCRIBED")});
    ASSERT_EQ(a.status, 200u);
    EXPECT_EQ(a.json()["status"].as_string(), "COMPLETE");
    EXPECT_EQ(a.json()["results"].as_array().size(), 2u);
    EXPECT_EQ(a.header("X-HubSpot-RateLimit-Max"), "190");
    EXPECT_EQ(a.header("X-HubSpot-RateLimit-Remaining"), "189");
    EXPECT_EQ(a.header("X-HubSpot-RateLimit-Daily-Remaining"), "999999");
    EXPECT_EQ(a.header("X-HubSpot-Correlation-Id").size(), 36u);
    ASSERT_EQ(sim_->applied().size(), 2u);
    EXPECT_EQ(sim_->applied("ANN@b.c", 7).size(), 1u);
    EXPECT_EQ(sim_->state("bob@b.c", 7)->status, "UNSUBSCRIBED");
}

TEST_F(Simulator, TellsWhatAChangeChanged) {
    start();
    const auto reason = [this](const char* status) {
        return std::string(
            client_->write({item("ann@b.c", status)}).json()["results"].at(0).at("setStatusSuccessReason").as_string());
    };
    EXPECT_EQ(reason("SUBSCRIBED"), "REQUESTED_CHANGE_OCCURRED");
    EXPECT_EQ(reason("SUBSCRIBED"), "NO_STATUS_CHANGE");
    EXPECT_EQ(reason("UNSUBSCRIBED"), "REQUESTED_CHANGE_OCCURRED");
    EXPECT_EQ(reason("SUBSCRIBED"), "RESUBSCRIBE_OCCURRED");
}

TEST_F(Simulator, ChecksTheToken) {
    options o;
    o.expired_tokens.emplace_back("old");
    o.unscoped_tokens.emplace_back("weak");
    start(o);
    client_->send(batch({item("a@b.c")}), "unknown");
    const test_answer unknown = client_->receive();
    EXPECT_EQ(unknown.status, 401u);
    EXPECT_THAT(unknown.body, HasSubstr("INVALID_AUTHENTICATION"));
    client_->send(batch({item("a@b.c")}), "old");
    EXPECT_THAT(client_->receive().body, HasSubstr("EXPIRED_AUTHENTICATION"));
    client_->send(batch({item("a@b.c")}), "weak");
    const test_answer weak = client_->receive();
    EXPECT_EQ(weak.status, 403u);
    EXPECT_THAT(weak.body,
                HasSubstr("\"requiredGranularScopes\":[\"communication_preferences.statuses.batch.write\"]"));
    EXPECT_EQ(sim_->counters().changes_applied, 0u);
}

TEST_F(Simulator, KeepsTheRollingLimit) {
    options o;
    o.limit_requests = 2;
    o.limit_interval = 60s;
    o.retry_after = true;
    start(o);
    EXPECT_EQ(client_->write({item("a@b.c")}).status, 200u);
    EXPECT_EQ(client_->write({item("a@b.c")}).header("X-HubSpot-RateLimit-Remaining"), "0");
    const test_answer limited = client_->write({item("a@b.c")});
    EXPECT_EQ(limited.status, 429u);
    EXPECT_EQ(limited.json()["policyName"].as_string(), "TEN_SECONDLY_ROLLING");
    EXPECT_EQ(limited.header("Retry-After"), "60");
    EXPECT_EQ(sim_->counters().rate_limited, 1u);
    EXPECT_EQ(sim_->counters().in_window_max, 3u);
    EXPECT_EQ(sim_->applied().size(), 2u);
}

TEST_F(Simulator, KeepsTheDailyBudgetUntilItIsReset) {
    options o;
    o.daily_limit = 1;
    start(o);
    EXPECT_EQ(client_->write({item("a@b.c")}).status, 200u);
    const test_answer limited = client_->write({item("a@b.c")});
    EXPECT_EQ(limited.status, 429u);
    EXPECT_EQ(limited.json()["policyName"].as_string(), "DAILY");
    sim_->change([](options& running) { running.daily_used = 0; });
    EXPECT_EQ(client_->write({item("a@b.c")}).status, 200u);
}

TEST_F(Simulator, RefusesWrongRequests) {
    options o;
    o.batch_max = 2;
    start(o);
    EXPECT_EQ(client_->write({item("a@b.c"), item("b@b.c")}).status, 200u);
    const test_answer many = client_->write({item("a@b.c"), item("b@b.c"), item("c@b.c")});
    EXPECT_EQ(many.status, 400u);
    EXPECT_THAT(many.body, HasSubstr("VALIDATION_ERROR"));
    const test_answer unbound = client_->write({"{}"});
    EXPECT_EQ(unbound.status, 400u);
    EXPECT_EQ(unbound.body.find("category"), std::string::npos);
    client_->send("x", test_token, "/elsewhere");
    EXPECT_EQ(client_->receive().status, 404u);
    client_->send_raw("GET " + std::string(write_path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client_->receive().status, 405u);
    client_->send_raw("POST " + std::string(write_path) + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                      test_token + "\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_EQ(client_->receive().status, 415u);
}

TEST_F(Simulator, NotesAKeyTwiceInOneRequest) {
    start();
    client_->write({item("a@b.c"), item("A@B.C", "UNSUBSCRIBED"), item("a@b.c", "SUBSCRIBED", 8)});
    EXPECT_EQ(sim_->counters().violations.twice_in_request, 1u);
    EXPECT_EQ(sim_->counters().violations.twice_in_flight, 0u);
}

TEST_F(Simulator, NotesAKeyInTwoRequestsInFlight) {
    start();
    sim_->next({fault::of(fault_kind::stall)});
    client_->send(batch({item("a@b.c")}));
    ASSERT_TRUE(sim_->wait_until([](const counter_values& c) { return c.in_flight == 1; }, patience));
    test_client other(*sim_);
    ASSERT_FALSE(other.connect());
    EXPECT_EQ(other.write({item("b@b.c")}).status, 200u);
    EXPECT_EQ(sim_->counters().violations.sum(), 0u);
    EXPECT_EQ(other.write({item("A@b.c")}).status, 200u);
    EXPECT_EQ(sim_->counters().violations.twice_in_flight, 1u);
}

// A client that gave up on an attempt may send its keys again at once.
TEST_F(Simulator, TakesAnAbandonedRequestForEnded) {
    start();
    sim_->next({fault::of(fault_kind::stall)});
    client_->send(batch({item("a@b.c")}));
    ASSERT_TRUE(sim_->wait_until([](const counter_values& c) { return c.in_flight == 1; }, patience));
    client_->close();
    EXPECT_EQ(again({item("a@b.c")}).status, 200u);
    EXPECT_EQ(sim_->counters().violations.sum(), 0u);
}

TEST_F(Simulator, AnswersAScriptOnceEach) {
    start();
    sim_->next({fault::status(503).with_header("Retry-After", "3"), fault::html(502), fault::status(477),
                fault::status(302), fault::custom(418, "tea"), fault::batch_status("PENDING"),
                fault::of(fault_kind::empty_results)});
    EXPECT_EQ(client_->write({item("a@b.c")}).header("Retry-After"), "3");
    EXPECT_THAT(client_->write({item("a@b.c")}).body, HasSubstr("<html>"));
    EXPECT_EQ(client_->write({item("a@b.c")}).status, 477u);
    EXPECT_THAT(client_->write({item("a@b.c")}).header("Location"), HasSubstr("elsewhere.invalid"));
    EXPECT_EQ(client_->write({item("a@b.c")}).body, "tea");
    EXPECT_EQ(client_->write({item("a@b.c")}).json()["status"].as_string(), "PENDING");
    EXPECT_TRUE(client_->write({item("a@b.c")}).json()["results"].as_array().empty());
    EXPECT_EQ(sim_->counters().changes_applied, 0u);
    EXPECT_EQ(client_->write({item("a@b.c")}).status, 200u);
    EXPECT_EQ(sim_->counters().changes_applied, 1u);
    EXPECT_EQ(sim_->requests()[2].fault, "477");
}

TEST_F(Simulator, CutsConnectionsBeforeAndAfterApplying) {
    start();
    sim_->next({fault::reset(), fault::reset().applied(), fault::of(fault_kind::close).applied()});
    EXPECT_TRUE(client_->write({item("a@b.c")}).error);
    ASSERT_TRUE(sim_->wait_until([](const counter_values& c) { return c.statuses.contains(0); }, patience));
    EXPECT_EQ(sim_->counters().changes_applied, 0u);
    EXPECT_TRUE(again({item("a@b.c")}).error);
    EXPECT_TRUE(sim_->wait_until([](const counter_values& c) { return c.changes_applied == 1; }, patience));
    EXPECT_TRUE(again({item("a@b.c")}).error);
    EXPECT_TRUE(sim_->wait_until([](const counter_values& c) { return c.changes_applied == 2; }, patience));
}

TEST_F(Simulator, AppliesLateWhatItAnsweredWithAnError) {
    start();
    sim_->next({fault::status(504).applied_after(50ms)});
    EXPECT_EQ(client_->write({item("a@b.c", "SUBSCRIBED")}).status, 504u);
    EXPECT_EQ(client_->write({item("a@b.c", "UNSUBSCRIBED")}).status, 200u);
    ASSERT_TRUE(sim_->wait_until([](const counter_values& c) { return c.changes_applied == 2; }, patience));
    const auto applied = sim_->applied("a@b.c", 7);
    EXPECT_EQ(applied[0].request, 2u);
    EXPECT_EQ(applied[1].request, 1u);
    EXPECT_EQ(sim_->state("a@b.c", 7)->status, "SUBSCRIBED");
    EXPECT_EQ(sim_->received("a@b.c", 7)[0].status, "SUBSCRIBED");
    EXPECT_EQ(sim_->counters().late_pending, 0u);
}

TEST_F(Simulator, SpoilsAnswersOnTheWire) {
    start();
    sim_->next({fault::of(fault_kind::drip), fault::of(fault_kind::strangers), fault::of(fault_kind::truncated),
                fault::of(fault_kind::hang_up), fault::of(fault_kind::wrong_length), fault::of(fault_kind::garbage),
                fault::of(fault_kind::endless_headers), fault::of(fault_kind::endless_body)});
    EXPECT_EQ(client_->write({item("a@b.c")}).json()["results"].as_array().size(), 1u);
    EXPECT_EQ(client_->write({item("a@b.c")}).json()["results"].as_array().size(), 2u);
    boost::system::error_code broken;
    boost::json::parse(client_->write({item("a@b.c")}).body, broken);
    EXPECT_TRUE(broken);
    EXPECT_EQ(client_->write({item("a@b.c")}).status, 200u);
    EXPECT_TRUE(client_->write({item("a@b.c")}).error);  // hung up
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(again({item("a@b.c")}).error) << i;
    client_->close();
    EXPECT_TRUE(sim_->wait_until([](const counter_values& c) { return c.in_flight == 0; }, patience));
    EXPECT_EQ(sim_->counters().changes_applied, 5u);
}

TEST_F(Simulator, StallsBeforeReadingUntilTheClientLeaves) {
    start();
    sim_->next({fault::of(fault_kind::stall_before_read)});
    client_->send(batch({item("a@b.c")}));
    ASSERT_TRUE(sim_->wait_until([](const counter_values& c) { return c.in_flight == 1; }, patience));
    client_->close();
    EXPECT_TRUE(sim_->wait_until([](const counter_values& c) { return c.in_flight == 0; }, patience));
    EXPECT_EQ(sim_->counters().changes_received, 0u);
}

TEST_F(Simulator, CutsAllConnectionsAndRefusesNewOnes) {
    start();
    sim_->refuse_connections(true);
    sim_->cut_connections();
    EXPECT_TRUE(client_->receive().error);
    EXPECT_TRUE(client_->connect());
    sim_->refuse_connections(false);
    EXPECT_EQ(again({item("a@b.c")}).status, 200u);
}

TEST_F(Simulator, RotatesRefreshTokens) {
    options o;
    o.rotate_refresh_token = true;
    start(o);
    const std::string path = "/oauth/v3/token";
    const std::string form = "grant_type=refresh_token&client_id=sim-client&client_secret=sim-secret&refresh_token=";
    client_->send(form + "sim-refresh-token", "", path);
    const test_answer fresh = client_->receive();
    ASSERT_EQ(fresh.status, 200u);
    EXPECT_EQ(fresh.json()["expires_in"].as_int64(), 1800);
    client_->send(form + "sim-refresh-token", "", path);
    EXPECT_THAT(client_->receive().body, HasSubstr("BAD_REFRESH_TOKEN"));
    client_->send(form + std::string(fresh.json()["refresh_token"].as_string()), "", path);
    EXPECT_EQ(client_->receive().status, 200u);
    client_->send(batch({item("a@b.c")}), std::string(fresh.json()["access_token"].as_string()));
    EXPECT_EQ(client_->receive().status, 200u);
}

TEST_F(Simulator, IsControlledOverItsOwnPort) {
    start();
    client_->send(R"(["503", {"fault":"502","body":"b","headers":{"Retry-After":7},"times":2}])", "", "/sim/script");
    EXPECT_EQ(client_->receive().status, 200u);
    EXPECT_EQ(sim_->counters().script_left, 3u);
    EXPECT_EQ(client_->write({item("a@b.c")}).status, 503u);
    EXPECT_EQ(client_->write({item("a@b.c")}).header("Retry-After"), "7");
    EXPECT_EQ(client_->write({item("a@b.c")}).body, "b");
    client_->send(R"({"limit-requests":4,"token":["x","y"]})", "", "/sim/options");
    EXPECT_EQ(client_->receive().status, 200u);
    EXPECT_EQ(client_->write({item("a@b.c")}).header("X-HubSpot-RateLimit-Max"), "4");
    client_->send(R"({"limit-requests":"many"})", "", "/sim/options");
    EXPECT_THAT(client_->receive().body, HasSubstr("limit-requests: a number"));
    client_->send_raw("GET /sim/oracle.ndjson?subscriber=A%40b.c HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client_->receive().body, HasSubstr("\"subscriberIdString\":\"a@b.c\""));
    client_->send_raw("GET /sim/counters HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client_->receive().json()["requests"].as_int64(), 4);
}

TEST_F(Simulator, ServesManyConnectionsOnOneThread) {
    start();
    std::vector<std::unique_ptr<test_client>> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(std::make_unique<test_client>(*sim_));
        ASSERT_FALSE(clients.back()->connect());
    }
    for (int i = 0; i < 100; ++i) clients[static_cast<std::size_t>(i)]->send(batch({item(std::to_string(i) + "@b.c")}));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(clients[static_cast<std::size_t>(i)]->receive().status, 200u);
    EXPECT_EQ(sim_->counters().changes_applied, 100u);
    EXPECT_GE(sim_->counters().connections_open, 200u);
}

TEST_F(Simulator, AnswersInFastMode) {
    options o;
    o.fast = true;
    o.threads = 2;
    o.limit_requests = 2;
    start(o);
    const test_answer a = client_->write({item("a@b.c"), item("b@b.c", "UNSUBSCRIBED")});
    EXPECT_EQ(a.json()["results"].as_array().size(), 2u);
    EXPECT_EQ(a.header("X-HubSpot-RateLimit-Remaining"), "1");
    EXPECT_EQ(again({item("a@b.c")}).status, 200u);
    EXPECT_EQ(again({item("a@b.c")}).status, 429u);
}

}  // namespace
}  // namespace consent_sync::hubspot_sim
