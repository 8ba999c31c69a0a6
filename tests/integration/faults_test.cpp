// Refusals and lost tokens: nothing is lost, nothing is burnt.
#include <gtest/gtest.h>

#include "built_paths.hpp"
#include "integration/daemon_under_test.hpp"

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
    const std::string command =
        std::string(CONSENT_SYNC_BINARY) + " run --config " + d.state("/../config.json") + " > /dev/null 2>&1";
    EXPECT_NE(std::system(command.c_str()), 0);
    EXPECT_TRUE(d.runs());
}

}  // namespace
}  // namespace consent_sync::integration
