// Refusals and lost tokens: nothing is lost, and no row gets a wrong verdict.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "integration/daemon_under_test.hpp"
#include "ledger/store.hpp"

namespace consent_sync::integration {
namespace {

const std::string quick_retry = R"("retry": { "initial": "50ms", "max": "1s" })";

std::string csv(int first, int rows, const std::string& status) {
    std::string text = "email,subscription_id,status\n";
    for (int i = first; i < first + rows; ++i) text += "p" + std::to_string(i) + "@example.com,7," + status + "\n";
    return text;
}

TEST(Faults, FiveHundredsAndResetsAreTriedAgain) {
    daemon_under_test d({}, quick_retry);
    d.hubspot().next(
        {hubspot_sim::fault::status(503), hubspot_sim::fault::reset().applied(), hubspot_sim::fault::html(502)});
    d.start();
    d.drop("a.csv", csv(0, 50, "subscribed"));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 50u);
}

TEST(Faults, LostTokenPausesAndANewOneGoesOn) {
    daemon_under_test d({}, quick_retry);
    d.hubspot().change([](hubspot_sim::options& o) { o.tokens = {"pat-test-the-other-token"}; });
    d.start();
    d.drop("a.csv", csv(0, 50, "subscribed"));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=auth") != std::string::npos; }));
    d.write_token("pat-test-the-other-token");
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 50u);
    EXPECT_NE(d.log().find("event=pause.ended reason=auth"), std::string::npos);
}

TEST(Faults, StopCutsNothingThatEndsInTime) {
    hubspot_sim::options o;
    o.latency = std::chrono::milliseconds(600);
    daemon_under_test d(std::move(o));
    d.start();
    d.drop("a.csv", csv(0, 50, "subscribed"));
    ASSERT_TRUE(d.wait([&] { return d.hubspot().counters().requests > 0; }));
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(d.log().find("event=daemon.requests_cut"), std::string::npos);
    d.start();
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 50u);
    EXPECT_EQ(d.hubspot().counters().requests, 1u);
}

TEST(Faults, SecondDaemonOnOneStateFolderIsKeptOut) {
    daemon_under_test d;
    d.start();
    const program_result second = d.command("run");
    EXPECT_GT(second.status, 0) << second.out;
    EXPECT_TRUE(d.runs());
}

// Simulates a bug: a change gets a verdict in the ledger while its request is in flight.
TEST(Faults, ASecondVerdictForOneRowStopsNothingElse) {
    hubspot_sim::options o;
    o.latency = std::chrono::milliseconds(1'500);
    daemon_under_test d(std::move(o), R"("monitor": { "listen": "127.0.0.1:0" })");
    d.start();
    d.drop("a.csv", csv(0, 50, "subscribed"));
    ASSERT_TRUE(d.wait([&] { return d.hubspot().counters().requests > 0; }));
    {
        auto ledger = ledger::store::open(d.state("/ledger.db"));
        ASSERT_TRUE(ledger) << ledger.error().message;
        ledger::settled_change other;
        other.id = consent::place(1, 7);
        other.verdict = consent::verdict::rejected;
        other.reason = std::make_shared<const ledger::reason>(ledger::reason{"OTHER", "behind its back", "", {}});
        ASSERT_TRUE((*ledger)->transact([&](ledger::store& s) { s.changes().settle(std::vector{other}); }));
    }
    d.hubspot().change([](hubspot_sim::options& options) { options.latency = std::chrono::milliseconds(0); });
    auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 49u);
    EXPECT_EQ(count(files[0], "rejected"), 1u) << "the first verdict stands";
    EXPECT_NE(d.log().find("ERROR event=ledger.verdict_refused file=00000001 row=7 verdict=confirmed"),
              std::string::npos);
    EXPECT_NE(d.get("/metrics").find("consent_sync_verdicts_refused_total 1\n"), std::string::npos);
    EXPECT_NE(d.command("status").out.find("second verdicts that were not written: 1"), std::string::npos);
    d.drop("b.csv", csv(100, 50, "subscribed"));
    files = d.wait_for_files(2);
    EXPECT_EQ(files.size(), 2u) << "it goes on";
    EXPECT_EQ(d.stop(), 0);
}

TEST(Faults, ASecondDaemonIsKeptOutWhenTheFileLockIsGone) {
    daemon_under_test d;
    d.start();
    ASSERT_EQ(::unlink(d.state("/lock").c_str()), 0);
    for (int start = 0; start < 2; ++start) {
        const auto second = d.command("run");
        EXPECT_NE(second.status, 0);
        EXPECT_NE(second.out.find("(process " + std::to_string(d.process()) + ") works on "), std::string::npos)
            << second.out;
        std::ofstream(d.state("/lock")) << "";  // another file replaces it
        ASSERT_EQ(::chmod(d.state("/lock").c_str(), 0600), 0);
    }
    EXPECT_EQ(d.command("status").status, 0);
    d.drop("a.csv", "email,status,subscription_id\nann@example.com,subscribed,7\n");
    EXPECT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_EQ(d.stop(), 0);
    d.start();
}

}  // namespace
}  // namespace consent_sync::integration
