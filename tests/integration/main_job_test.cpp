// The main job: a file in the inbox is sent to HubSpot, judged and reported.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

std::string csv(int rows, const std::string& status, const std::string& who = "person") {
    std::string text = "email,subscription_id,status\n";
    for (int i = 1; i <= rows; ++i) text += who + std::to_string(i) + "@example.com,7," + status + "\n";
    return text;
}

TEST(MainJob, BringsEveryRowToHubSpotAndReportsIt) {
    daemon_under_test d;
    d.start();
    d.drop("news.csv", csv(250, "subscribed"));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "rows"), 250u);
    EXPECT_EQ(count(files[0], "confirmed"), 250u);
    for (int i = 1; i <= 250; ++i) {
        const auto state = d.hubspot().state("person" + std::to_string(i) + "@example.com", 7);
        ASSERT_TRUE(state) << i;
        EXPECT_EQ(state->status, "SUBSCRIBED");
    }
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(d.names("/done"), std::vector<std::string>{"00000001-news.csv"});
    EXPECT_TRUE(d.names("/processing").empty());
    std::uint64_t confirmed = 0;
    for (const auto& batch : d.batches()) confirmed += batch.at("counts").at("confirmed").to_number<std::uint64_t>();
    EXPECT_EQ(confirmed, 250u);
}

TEST(MainJob, BadRowHurtsNobodyElseAndComesBackInFailedCsv) {
    daemon_under_test d;
    d.start();
    d.drop("mixed.csv", csv(120, "subscribed") + "nobody,7,subscribed\nreject-1@example.com,7,subscribed\n" +
                            "refuse-1@example.com,7,subscribed\n");
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 120u);
    EXPECT_EQ(count(files[0], "rejected"), 2u);
    EXPECT_EQ(count(files[0], "invalid"), 1u);
    const std::string failed = d.report("failed.csv");
    EXPECT_NE(failed.find("email,subscription_id,status,change_id,verdict,category,message,correlation_id"),
              std::string::npos);
    EXPECT_NE(failed.find("reject-1@example.com,7,subscribed,"), std::string::npos);
    EXPECT_NE(failed.find("nobody,7,subscribed,"), std::string::npos);
}

TEST(MainJob, FailedCsvDroppedAgainIsSentAgain) {
    daemon_under_test d;
    d.start();
    d.drop("mixed.csv", csv(3, "subscribed") + "reject-1@example.com,7,subscribed\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    ASSERT_TRUE(d.wait([&] { return !d.report("failed.csv").empty(); }));
    d.drop("failed.csv", d.report("failed.csv"));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "rows"), 1u);
    EXPECT_EQ(count(files[1], "rejected"), 1u) << boost::json::serialize(files[1]);
}

TEST(MainJob, OptOutAfterOptInLeavesThePersonOut) {
    daemon_under_test d;
    d.start();
    d.drop("in.csv", csv(500, "subscribed"));
    d.drop("out.csv", csv(500, "unsubscribed"));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    for (int i = 1; i <= 500; ++i)
        EXPECT_EQ(d.hubspot().state("person" + std::to_string(i) + "@example.com", 7)->status, "UNSUBSCRIBED") << i;
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
}

TEST(MainJob, RefusesWhatIsNoTableWithAReason) {
    daemon_under_test d;
    d.start();
    d.drop("photo.csv", "PK\x03\x04 not a table");
    ASSERT_TRUE(d.wait([&] { return d.names("/refused").size() == 2; }));
    EXPECT_TRUE(d.wait([&] { return d.log().find("event=file.refused") != std::string::npos; }));
}

TEST(MainJob, EmptyAndHeaderAloneAreDoneWithNoRows) {
    daemon_under_test d;
    d.start();
    d.drop("header.csv", "email,subscription_id,status\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    d.drop("empty.csv", "");
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[0], "rows") + count(files[1], "rows"), 0u);
    // As sha256sum prints it, so that an owner can compare.
    EXPECT_EQ(files[0].at("sha256"), "6c4f6b5155b567a2e2880f9e5365f46dd8537c614c8505c7952875493fe75779");
}

TEST(MainJob, LogHoldsNoAddressAndNoToken) {
    daemon_under_test d;
    d.start();
    d.drop("ann@example.com.csv", csv(20, "subscribed") + "reject-1@example.com,7,subscribed\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(d.log().find("@example.com"), std::string::npos);
    EXPECT_EQ(d.log().find(daemon_under_test::token), std::string::npos);
}

}  // namespace
}  // namespace consent_sync::integration
