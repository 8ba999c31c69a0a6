// Old files with the real daemon and its ledger: a failed.csv weeks later, a file that was held for weeks, the same
// content twice. Newer changes of a key stay. Time comes from libfaketime.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "integration/daemon_under_test.hpp"
#include "integration/faked_time.hpp"

namespace consent_sync::integration {
namespace {

using testing::HasSubstr;

constexpr const char* header = "email,subscription_id,status\n";

std::string status_at(daemon_under_test& d, const std::string& who, std::int64_t subscription = 7) {
    const auto state = d.hubspot().state(who + "@example.com", subscription);
    return state ? std::string(state->status) : std::string();
}

// Drops a file, waits until this number of files is done in total, and returns its summary.
boost::json::object send(daemon_under_test& d, const std::string& name, const std::string& text, std::size_t files) {
    d.drop(name, text);
    const auto done = d.wait_for_files(files);
    EXPECT_EQ(done.size(), files) << d.log();
    for (const boost::json::object& file : done)
        if (file.at("name").as_string() == name) return file;
    ADD_FAILURE() << name << " is in no report";
    return {};
}

TEST(Staleness, AFailedCsvOfWeeksAgoSendsOnlyWhatNobodyHasChangedSince) {
    hubspot_sim::options o;
    o.known_subscriptions = {7};
    daemon_under_test d(std::move(o));
    d.start();
    send(d, "a.csv",
         std::string(header) +
             "left@example.com,8,subscribed\nstill@example.com,8,subscribed\nout@example.com,8,unsubscribed\n"
             "again@example.com,8,subscribed\nfine@example.com,7,subscribed\n",
         1);
    ASSERT_TRUE(d.wait([&] { return !d.report("failed.csv").empty(); }));
    const std::string failed = d.report("failed.csv");
    ASSERT_THAT(failed, HasSubstr("still@example.com,8,subscribed,"));
    // Newer changes: one is confirmed in another lane, one is rejected.
    d.hubspot().change([](hubspot_sim::options& each) { each.known_subscriptions.clear(); });
    send(d, "newer.csv", std::string(header) + "LEFT@example.com,8,unsubscribed\n", 2);
    d.hubspot().change([](hubspot_sim::options& each) { each.known_subscriptions = {7}; });
    send(d, "newest.csv", std::string(header) + "again@example.com,8,unsubscribed\nfine@example.com,7,subscribed\n", 3);
    d.hubspot().change([](hubspot_sim::options& each) { each.known_subscriptions.clear(); });
    ASSERT_EQ(d.stop(), 0);
    const auto before = d.hubspot().counters().requests;

    d.set_environment(at("+25d"));
    d.start();
    auto file = send(d, "failed.csv", failed, 4);
    EXPECT_EQ(count(file, "rows"), 4u);
    EXPECT_EQ(count(file, "superseded"), 2u) << "by a confirmed change, and by a rejected one";
    EXPECT_EQ(count(file, "confirmed"), 2u);
    EXPECT_EQ(status_at(d, "left", 8), "UNSUBSCRIBED");
    EXPECT_EQ(status_at(d, "still", 8), "SUBSCRIBED");
    EXPECT_EQ(status_at(d, "out", 8), "UNSUBSCRIBED");
    EXPECT_EQ(status_at(d, "again", 8), "");
    EXPECT_GT(d.hubspot().counters().requests, before);

    // Again: all its rows are now older than the changes that it made before.
    file = send(d, "failed-again.csv", failed + "\n", 5);
    EXPECT_EQ(count(file, "superseded"), 4u) << boost::json::serialize(file);
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
    EXPECT_EQ(d.stop(), 0);
}

TEST(Staleness, AChangeIdCountsOnlyForTheKeyThatItWasIssuedFor) {
    daemon_under_test d;
    d.start();
    send(d, "a.csv", std::string(header) + "ann@example.com,7,subscribed\nreject-1@example.com,7,subscribed\n", 1);
    ASSERT_TRUE(d.wait([&] { return !d.report("failed.csv").empty(); }));
    std::string forged = d.report("failed.csv");
    const std::string who = "reject-1@example.com";
    forged.replace(forged.find(who), who.size(), "bob@example.com");
    auto file = send(d, "forged.csv", forged, 2);
    EXPECT_EQ(count(file, "invalid"), 1u);
    EXPECT_THAT(d.report("failed.csv") + boost::json::serialize(file), HasSubstr("unknown_change_id"));
    EXPECT_EQ(status_at(d, "bob"), "");
    file =
        send(d, "unknown.csv", "email,subscription_id,status,change_id\nbob@example.com,7,subscribed,4294967297\n", 3);
    EXPECT_EQ(count(file, "invalid"), 1u) << "that is ann's";
    EXPECT_EQ(status_at(d, "bob"), "");
}

TEST(Staleness, AFileThatWasHeldForWeeksSendsOnlyWhatNobodyHasChangedSince) {
    hubspot_sim::options o;
    daemon_under_test d(std::move(o), R"("rules": { "hold_above": 2 })");
    d.start();
    d.drop("held.csv",
           std::string(header) +
               "left@example.com,7,subscribed\nstill@example.com,7,subscribed\nagain@example.com,8,subscribed\n");
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.held") != std::string::npos; }));
    d.hubspot().change([](hubspot_sim::options& each) { each.known_subscriptions = {7}; });
    const auto newer = send(
        d, "newer.csv", std::string(header) + "Left@example.com,7,unsubscribed\nagain@example.com,8,unsubscribed\n", 1);
    EXPECT_EQ(count(newer, "rejected"), 1u);
    ASSERT_EQ(d.stop(), 0);
    d.hubspot().change([](hubspot_sim::options& each) { each.known_subscriptions.clear(); });
    d.set_environment(at("+25d"));
    d.start();
    EXPECT_THAT(d.command("release 00000001").out, HasSubstr("1 rows are sent, 2 are superseded"));
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 1u);
    EXPECT_EQ(count(files[1], "superseded"), 2u);
    EXPECT_EQ(status_at(d, "left"), "UNSUBSCRIBED");
    EXPECT_EQ(status_at(d, "still"), "SUBSCRIBED");
    EXPECT_EQ(status_at(d, "again", 8), "");
    EXPECT_EQ(d.hubspot().counters().violations.sum(), 0u);
    EXPECT_EQ(d.stop(), 0);
}

// Last month's file again: people who opted out since stay opted out. After rules.duplicate_window it is treated like
// any file.
TEST(Staleness, TheSameContentResubscribesNobodyWithinItsWindow) {
    daemon_under_test d({}, R"("rules": { "duplicate_window": "10d" })");
    const std::string text = std::string(header) + "in@example.com,7,subscribed\nout@example.com,7,unsubscribed\n";
    d.start();
    send(d, "a.csv", text, 1);
    send(d, "left.csv", std::string(header) + "in@example.com,7,unsubscribed\n", 2);
    ASSERT_EQ(d.stop(), 0);
    d.set_environment(at("+9d"));
    d.start();
    auto file = send(d, "b.csv", text, 3);
    EXPECT_EQ(count(file, "confirmed"), 1u) << "its opt-outs are sent";
    EXPECT_EQ(count(file, "invalid"), 1u);
    EXPECT_TRUE(d.wait([&] { return d.report("failed.csv").find("duplicate_file") != std::string::npos; }));
    EXPECT_EQ(status_at(d, "in"), "UNSUBSCRIBED");
    ASSERT_EQ(d.stop(), 0);
    d.set_environment(at("+20d"));
    d.start();
    file = send(d, "c.csv", text, 4);
    EXPECT_EQ(count(file, "confirmed"), 2u) << "the last time was 11 days ago";
    EXPECT_EQ(status_at(d, "in"), "SUBSCRIBED");
    EXPECT_EQ(d.stop(), 0);
}

}  // namespace
}  // namespace consent_sync::integration
