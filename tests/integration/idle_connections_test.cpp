// All idle connections die at once, as after the restart of a load balancer. New ones work: no row waits, there is no
// pause `outage`, and a server that is really down is still detected.
#include <gtest/gtest.h>

#include <cstdio>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

// The backoff has its default, so that a wait for a retry would be visible.
const std::string quick_probes = R"("retry": { "initial": "20ms", "max": "500ms", "late_write_window": "1s" })";

std::string csv(const std::string& who, int rows, const std::string& status) {
    std::string text = "email,subscription_id,status\n";
    for (int i = 1; i <= rows; ++i) text += who + std::to_string(i) + "@example.com,7," + status + "\n";
    return text;
}

class kept_connections : public daemon_under_test {
  public:
    static hubspot_sim::options slow_enough() {
        hubspot_sim::options o;
        o.limit_requests = 10'000;
        o.latency = std::chrono::milliseconds(100);
        return o;
    }
    explicit kept_connections(const std::string& more = "") : daemon_under_test(slow_enough(), more) {
        replace_in_config("\"max_wait\"", "\"max_changes\": 5, \"max_wait\"");
        start();
    }
    // Creates some traffic, which leaves several idle connections.
    void work(const std::string& who, int rows = 300) {
        drop(who + ".csv", csv(who, rows, "subscribed"));
        const auto done = wait_for_files(++files_);
        ASSERT_EQ(done.size(), files_);
        EXPECT_EQ(count(done.back(), "confirmed"), static_cast<std::uint64_t>(rows));
    }
    // Opt-outs, and the time from drop to done.
    std::chrono::milliseconds opt_out(const std::string& who, int rows) {
        const auto begun = std::chrono::steady_clock::now();
        drop(who + "-out.csv", csv(who, rows, "unsubscribed"));
        const auto done = wait_for_files(++files_);
        EXPECT_EQ(done.size(), files_);
        EXPECT_EQ(count(done.back(), "confirmed"), static_cast<std::uint64_t>(rows));
        for (int i = 1; i <= rows; ++i) {
            const auto state = hubspot().state(who + std::to_string(i) + "@example.com", 7);
            EXPECT_TRUE(state && state->status == "UNSUBSCRIBED") << who << i;
        }
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    }
    // Makes all open connections, or the given number, die at their next request, at the given step and in the given
    // way.
    bool doom(const std::string& moment, const std::string& way, const std::string& most = "") const {
        const std::string line = "curl -s -m 20 --cacert '" + file("ca.pem") + "' -d '" + moment + " " + way + " " +
                                 most + "' " + base_url_ + "/sim/doom";
        std::string said;
        FILE* const pipe = ::popen(line.c_str(), "re");
        if (!pipe) return false;
        char piece[256];
        for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, pipe)) > 0;) said.append(piece, n);
        ::pclose(pipe);
        EXPECT_TRUE(said.starts_with("{\"doomed\":")) << said;
        return said != "{\"doomed\":0}\n";
    }
    bool took_as_outage() const {
        const std::string all = log();
        return all.find("pause.begun") != std::string::npos || all.find(" ERROR ") != std::string::npos;
    }
    std::size_t lost() const {
        std::size_t found = 0;
        for (const auto& line : batches())
            if (line.at("outcome") == "connection_lost" || line.at("http") == 408) ++found;
        return found;
    }

  private:
    std::string base_url_ = hubspot().base_url();
    std::size_t files_ = 0;
};

constexpr std::chrono::milliseconds at_once{10'000};  // far less than successive backoffs would take

TEST(IdleConnections, ThatAllDieAtOnceKeepNobodyWaiting) {
    kept_connections d;
    int round = 0;
    int with_losses = 0;  // a connection whose end is seen before the next request costs nothing
    for (const std::string moment : {"request-begun", "request-read", "request-applied", "timed-out"})
        for (const std::string way : {"close-notify", "fin", "reset"}) {
            SCOPED_TRACE(moment + " " + way);
            const std::string who = "all" + std::to_string(++round) + "p";
            d.work(who);
            const std::size_t lost_before = d.lost();
            ASSERT_TRUE(d.doom(moment, way));
            EXPECT_LT(d.opt_out(who, 100), at_once);
            with_losses += d.lost() > lost_before ? 1 : 0;
            EXPECT_FALSE(d.took_as_outage());
        }
    EXPECT_GE(with_losses, 6) << "connections did not die under a request";
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
    EXPECT_EQ(d.stop(), 0);
}

TEST(IdleConnections, ThatDieOneByOneKeepNobodyWaiting) {
    kept_connections d;
    d.work("warm");
    for (int round = 0; round < 6; ++round) {
        const std::string who = "one" + std::to_string(round) + "p";
        ASSERT_TRUE(d.doom("request-read", "reset", "1"));
        EXPECT_LT(d.opt_out(who, 60), at_once);
    }
    EXPECT_FALSE(d.took_as_outage());
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
}

// Each time that they are used. After a while none is kept, and each request uses a new connection.
TEST(IdleConnections, ThatNeverLastKeepNobodyWaiting) {
    kept_connections d;
    int kept = 0;
    for (int round = 0; round < 8; ++round) {
        const std::string who = "never" + std::to_string(round) + "p";
        EXPECT_LT(d.opt_out(who, 60), at_once);
        kept += d.doom("request-read", "fin") ? 1 : 0;
    }
    EXPECT_GE(kept, 1);
    EXPECT_LE(kept, 3) << "connections that always die are still kept";
    EXPECT_FALSE(d.took_as_outage());
}

// An end that is seen before the request is written costs nothing.
TEST(IdleConnections, ThatHaveEndedBeforeAreNotUsed) {
    kept_connections d;
    d.work("warm");
    d.hubspot().cut_connections();
    ASSERT_TRUE(d.wait([&] { return d.hubspot().counters().connections_open == 0; }));
    EXPECT_LT(d.opt_out("warm", 100), at_once);
    EXPECT_EQ(d.lost(), 0u);
}

// An opt-out arrives while its person's opt-in is on a connection that dies. The opt-in is not sent again.
TEST(IdleConnections, ThatDieBringNoOptInBack) {
    kept_connections d;
    d.work("back");
    d.hubspot().change([](hubspot_sim::options& o) { o.latency = std::chrono::milliseconds(0); });
    ASSERT_TRUE(d.doom("request-applied", "reset"));
    d.drop("in.csv", csv("back", 50, "subscribed") + "new1@example.com,7,subscribed\n");
    d.drop("out.csv", csv("back", 50, "unsubscribed"));
    ASSERT_EQ(d.wait_for_files(3).size(), 3u);
    for (int i = 1; i <= 50; ++i)
        EXPECT_EQ(d.hubspot().state("back" + std::to_string(i) + "@example.com", 7)->status, "UNSUBSCRIBED");
    EXPECT_FALSE(d.took_as_outage());
}

// The server accepted the request and broke the connection. This counts as a failure.
TEST(IdleConnections, ThatBreakOffInTheMiddleOfAnAnswerCount) {
    kept_connections d(quick_probes);
    d.work("half");
    ASSERT_TRUE(d.doom("answer-begun", "reset"));
    d.opt_out("half", 100);
    std::size_t failed = 0;
    for (const auto& line : d.batches())
        if (line.at("outcome") != "judged") ++failed;
    EXPECT_GE(failed, 1u);
}

TEST(IdleConnections, ThatDieSinceTheUpstreamIsDownAreAnOutageAndItEnds) {
    kept_connections d(quick_probes);
    d.work("down");
    ASSERT_TRUE(d.doom("request-begun", "reset"));
    // Its port is not closed, because the daemon's inherited descriptors would keep it open.
    d.hubspot().change([](hubspot_sim::options& o) { o.faults = {{hubspot_sim::fault::status(503), 1.0}}; });
    d.drop("down-out.csv", csv("down", 100, "unsubscribed"));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=outage") != std::string::npos; }));
    d.hubspot().change([](hubspot_sim::options& o) { o.faults.clear(); });
    const auto done = d.wait_for_files(2);
    ASSERT_EQ(done.size(), 2u);
    EXPECT_EQ(count(done.back(), "confirmed"), 100u);
}

}  // namespace
}  // namespace consent_sync::integration
