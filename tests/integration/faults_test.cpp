// Crashes, refusals and lost tokens: nothing is lost, nothing is burnt.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

const std::string quick_retry = R"("retry": { "initial": "50ms", "max": "1s" })";

std::string csv(int first, int rows, const std::string& status) {
    std::string text = "email,subscription_id,status\n";
    for (int i = first; i < first + rows; ++i) text += "p" + std::to_string(i) + "@example.com,7," + status + "\n";
    return text;
}

// Ten kills at random moments while files arrive; then every row has its verdict and HubSpot the last word of each.
TEST(Crash, KillsLoseNothingAndReorderNothing) {
    hubspot_sim::options o;
    o.limit_requests = 0;
    o.latency = std::chrono::milliseconds(20);
    daemon_under_test d(std::move(o), quick_retry);
    std::mt19937 random(20261123);
    d.start();
    const int rounds = 10;
    for (int round = 0; round < rounds; ++round) {
        d.drop("in" + std::to_string(round) + ".csv", csv(round * 500, 3000, "subscribed") + "x" +
                                                           std::to_string(round) + "@example.com,7,subscribed\n");
        d.drop("out" + std::to_string(round) + ".csv", csv(round * 500, 500, "unsubscribed") + "y" +
                                                            std::to_string(round) + "@example.com,7,unsubscribed\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));  // the moment of the kill is the test
        d.kill_hard();
        d.start();
    }
    const auto files = d.wait_for_files(2 * rounds, 120s);
    ASSERT_EQ(files.size(), 2u * rounds);
    for (const auto& file : files) {
        std::uint64_t sum = 0;
        for (const char* verdict : {"confirmed", "rejected", "invalid", "superseded", "unconfirmed"})
            sum += count(file, verdict);
        EXPECT_EQ(sum, count(file, "rows"));
        EXPECT_EQ(count(file, "confirmed") + count(file, "superseded"), sum);
    }
    // The newest file that names a person decides: out9 covers 4500 to 4999, in9 4500 to 7499.
    for (int i = 4500; i < 5000; ++i)
        EXPECT_EQ(d.hubspot().state("p" + std::to_string(i) + "@example.com", 7)->status, "UNSUBSCRIBED") << i;
    for (int i = 5000; i < 7500; ++i)
        EXPECT_EQ(d.hubspot().state("p" + std::to_string(i) + "@example.com", 7)->status, "SUBSCRIBED") << i;
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
    EXPECT_EQ(d.stop(), 0);
}

TEST(Faults, FiveHundredsAndResetsAreTriedAgain) {
    daemon_under_test d({}, quick_retry);
    d.hubspot().next({hubspot_sim::fault::status(503), hubspot_sim::fault::reset().applied(),
                      hubspot_sim::fault::html(502)});
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
    const std::string command = std::string(CONSENT_SYNC_BINARY) + " run --config " + d.state("/../config.json") +
                                " > /dev/null 2>&1";
    EXPECT_NE(std::system(command.c_str()), 0);
    EXPECT_TRUE(d.runs());
}

}  // namespace
}  // namespace consent_sync::integration
