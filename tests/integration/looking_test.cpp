// Queries: a dry run against the ledger, the history of an address, the list of subscriptions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string csv(int first, int rows, const std::string& status) {
    std::string text = "email,subscription_id,status\n";
    for (int i = first; i < first + rows; ++i) text += "p" + std::to_string(i) + "@example.com,7," + status + "\n";
    return text;
}

std::size_t lines_with(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

// Writes a file beside the state folder and checks it.
std::string check(const daemon_under_test& d, const std::string& name, const std::string& content) {
    const std::string path = d.state("/../" + name);
    std::ofstream(path, std::ios::binary) << content;
    return d.command("check", {path}).out;
}

TEST(DryRun, TellsWhatTheLedgerWouldMakeOfAFile) {
    daemon_under_test d({}, R"("rules": { "hold_above": 400 })");
    d.start();
    d.drop("a.csv",
           csv(0, 150, "subscribed") + "reject-1@example.com,7,subscribed\nreject-2@example.com,7,subscribed\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    ASSERT_TRUE(d.wait([&] { return !d.report("failed.csv").empty(); }));
    EXPECT_THAT(
        check(d, "same.csv",
              csv(0, 150, "subscribed") + "reject-1@example.com,7,subscribed\nreject-2@example.com,7,subscribed\n"),
        HasSubstr("the same content was dropped before, as file 00000001"));
    const std::string failed = d.report("failed.csv");
    d.drop("newer.csv", "email,subscription_id,status\nReject-2@example.com,7,unsubscribed\n");
    ASSERT_EQ(d.wait_for_files(2).size(), 2u);
    const std::string again = check(d, "failed.csv", failed);
    EXPECT_THAT(again, HasSubstr("would be sent: 1 (opt-outs 0)"));
    EXPECT_THAT(again, HasSubstr("would be superseded by newer changes in the ledger: 1"));
    const std::string foreign =
        check(d, "foreign.csv", "email,subscription_id,status,change_id\nx@example.com,7,subscribed,4294967297\n");
    EXPECT_THAT(foreign, HasSubstr("invalid, unknown_change_id: 1"));
    const std::string large = check(d, "large.csv", csv(0, 401, "subscribed") + csv(0, 10, "unsubscribed").substr(29));
    EXPECT_THAT(large, HasSubstr("would be superseded by an opt-out in the file: up to 10"));
    EXPECT_THAT(large, HasSubstr("would be sent: 401 (opt-outs 10)"));
    EXPECT_THAT(large, HasSubstr("would be held: 401 of its 411 rows are SUBSCRIBED, and rules.hold_above is 400."));
    EXPECT_THAT(large, HasSubstr("requests: at least 5, if HubSpot refuses none of these rows"));
    EXPECT_THAT(large, HasSubstr("190 requests in 10 s (the running daemon's limit)"));
    EXPECT_THAT(large, Not(HasSubstr("@example.com")));
}

TEST(DryRun, SeesWhatWaitsAndWhatItsOptOutsWouldSupersede) {
    daemon_under_test d;
    d.start();
    ASSERT_EQ(d.command("pause").status, 0);
    d.drop("a.csv", csv(0, 100, "subscribed"));
    ASSERT_TRUE(d.wait([&] { return d.command("status --json").out.find("\"waiting\":100") != std::string::npos; }));
    EXPECT_EQ(d.stop(), 0);
    const std::string out = check(d, "out.csv", csv(60, 60, "unsubscribed"));
    EXPECT_THAT(out, HasSubstr("its opt-outs would supersede 40 unsent changes of other files"));
    EXPECT_THAT(out, HasSubstr("behind 100 changes that wait already"));
    EXPECT_THAT(out, HasSubstr("HubSpot's lowest limit; the daemon learns its own"));
}

TEST(History, TellsEveryChangeAndAttemptOfAnAddress) {
    daemon_under_test d;
    d.start();
    d.drop(
        "in.csv",
        "email,subscription_id,status,legal_basis,legal_basis_explanation\n"
        "Ann@Example.com,7,subscribed,CONSENT_WITH_NOTICE,\"Signed up, at the fair\"\nnobody@example.com,8,maybe,,\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    d.drop("out.csv",
           "email,subscription_id,status\nann@example.com,7,unsubscribed\nannex@example.com,7,unsubscribed\n");
    ASSERT_EQ(d.wait_for_files(2).size(), 2u);
    const auto text = d.command("history ANN@example.com");
    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.out, HasSubstr("2 changes of ANN@example.com, oldest first"));
    EXPECT_THAT(text.out, HasSubstr("CONSENT_WITH_NOTICE"));
    EXPECT_THAT(text.out, HasSubstr("gave the verdict"));
    EXPECT_THAT(text.out, Not(HasSubstr("annex")));
    const auto json = boost::json::parse(d.command("history ann@example.com --json").out);
    const auto& changes = json.at("changes").as_array();
    ASSERT_EQ(changes.size(), 2u);
    EXPECT_EQ(changes[0].at("statusState"), "SUBSCRIBED");
    EXPECT_EQ(changes[0].at("legalBasisExplanation"), "Signed up, at the fair");
    EXPECT_EQ(changes[0].at("file_name"), "in.csv");
    EXPECT_EQ(changes[0].at("row"), 1);
    EXPECT_EQ(changes[0].at("verdict"), "confirmed");
    EXPECT_FALSE(changes[0].at("hubspot_timestamp").is_null());
    EXPECT_FALSE(changes[0].at("correlation_id").is_null());
    ASSERT_EQ(changes[0].at("attempts").as_array().size(), 1u);
    EXPECT_EQ(changes[0].at("attempts").at(0).at("http"), 200);
    EXPECT_EQ(changes[1].at("statusState"), "UNSUBSCRIBED");
    // The history includes invalid rows, which were never sent.
    const auto invalid = boost::json::parse(d.command("history nobody@example.com --json").out);
    EXPECT_EQ(invalid.at("changes").at(0).at("category"), "invalid_status");
    EXPECT_TRUE(invalid.at("changes").at(0).at("attempts").as_array().empty());
    const std::string lines = d.command("history ann@example.com --csv").out;
    EXPECT_THAT(lines, HasSubstr("\"Signed up, at the fair\""));
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
}

TEST(History, TakesTheAddressFromStandardInputAndWorksWhileTheDaemonIsDown) {
    daemon_under_test d;
    d.start();
    d.drop("in.csv", csv(0, 3, "subscribed"));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_EQ(d.stop(), 0);
    const auto got = d.command("history -", {}, d.state("/done/00000001-in.csv"));  // the first line is not an address
    EXPECT_THAT(got.out, HasSubstr("It holds no change of email,subscription_id,status."));
    std::ofstream(d.state("/../who")) << " p1@example.com \r\n";
    EXPECT_THAT(d.command("history -", {}, d.state("/../who")).out, HasSubstr("1 change of p1@example.com"));
    EXPECT_EQ(d.command("history").status, 2);
    EXPECT_EQ(d.command("history a@b.c --json --csv").status, 2);
}

TEST(KnownSubscriptions, RowsOfOthersAreInvalidWithTheListOfThoseThatAre) {
    hubspot_sim::options o;
    o.known_subscriptions = {7, 9};
    daemon_under_test d(std::move(o), R"("rules": { "known_subscriptions": "auto" })");
    d.start();
    d.drop("a.csv", csv(0, 5, "subscribed") +
                        "x@example.com,8,subscribed\ny@example.com,8,unsubscribed\nz@example.com,8,unsubscribed\n");
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 5u);
    EXPECT_EQ(count(files[0], "invalid"), 1u);
    EXPECT_EQ(count(files[0], "rejected"), 2u) << "of an opt-out HubSpot is asked";
    EXPECT_EQ(lines_with(d.log(), "WARN event=subscriptions.doubted"), 1u);
    EXPECT_THAT(d.log(), HasSubstr("subscription=8"));
    EXPECT_THAT(d.report("failed.csv"), HasSubstr("unknown_subscription"));
    EXPECT_THAT(d.report("failed.csv"), HasSubstr("there are: 7 ("));
    EXPECT_THAT(d.log(), HasSubstr("event=subscriptions.known subscriptions=2"));
}

// Only a complete list without odd entries shows that a subscription is missing.
TEST(KnownSubscriptions, AnOddListMakesNoRowInvalid) {
    const std::string usual = R"({"id":"9","name":"News","isActive":true})";
    for (const std::string& list :
         {std::string(R"({"status":"COMPLETE","results":[]})"),
          R"({"status":"COMPLETE","results":[)" + usual + R"(,{"id":"x"}]})",
          R"({"status":"COMPLETE","results":[)" + usual + R"(],"errors":[{"message":"no"}]})",
          R"({"status":"COMPLETE","results":[)" + usual + R"(],"paging":{"next":{"after":"1"}}})",
          R"({"results":[)" + usual + "]}", R"({"status":"COMPLETE","results":[)" + usual,
          std::string("<html>Welcome</html>")}) {
        hubspot_sim::options o;
        o.definitions = list;
        daemon_under_test d(std::move(o), R"("rules": { "known_subscriptions": "auto" })");
        d.start();
        d.drop("a.csv", csv(0, 5, "subscribed") + "y@example.com,7,unsubscribed\n");
        const auto files = d.wait_for_files(1);
        ASSERT_EQ(files.size(), 1u) << list;
        EXPECT_EQ(count(files[0], "confirmed"), 6u) << list;
        EXPECT_EQ(lines_with(d.log(), "WARN event=subscriptions.not_known"), 1u) << list;
    }
}

TEST(KnownSubscriptions, WhatAReloadSwitchedOffMakesNothingInvalid) {
    hubspot_sim::options o;
    o.known_subscriptions = {7};
    daemon_under_test d(std::move(o), R"("rules": { "known_subscriptions": "auto" })");
    d.start();
    d.drop("a.csv", csv(0, 5, "subscribed") + "x@example.com,8,subscribed\n");
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    d.hubspot().change([](hubspot_sim::options& each) { each.known_subscriptions.clear(); });
    d.write_config(R"("rules": { "known_subscriptions": null })");
    d.reload();
    d.drop("b.csv", csv(5, 5, "subscribed") + "x@example.com,8,subscribed\n");
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 6u);
}

TEST(KnownSubscriptions, ADryRunAsksTheDaemonForThem) {
    hubspot_sim::options o;
    o.known_subscriptions = {7};
    daemon_under_test d(std::move(o), R"("rules": { "known_subscriptions": "auto" })");
    const std::string rows = csv(0, 5, "subscribed") + "x@example.com,8,subscribed\ny@example.com,8,unsubscribed\n";
    EXPECT_THAT(check(d, "a.csv", rows), HasSubstr("which only the running daemon knows"));
    d.start();
    std::string out;
    ASSERT_TRUE(d.wait([&] {
        return (out = check(d, "a.csv", rows)).find("unknown_subscription") != std::string::npos;
    })) << out;
    EXPECT_THAT(out, HasSubstr("row 6, line 7, column 2 (subscription_id): unknown_subscription"));
    EXPECT_THAT(out, HasSubstr("would be sent: 6"));
    EXPECT_THAT(out, HasSubstr("opt-outs of subscription 8 would be sent, although: "));
}

TEST(DryRun, AddsUpSeveralFilesAndTellsWhatCannotBeRead) {
    daemon_under_test d;
    check(d, "one.csv", csv(0, 150, "subscribed"));
    check(d, "two.csv", csv(500, 60, "unsubscribed"));
    const auto got = d.command("check", {d.state("/../one.csv"), d.state("/../two.csv")});
    EXPECT_EQ(got.status, 0) << got.out;
    EXPECT_THAT(got.out, HasSubstr("2 files together: 210 changes would be sent\n  requests: at least 3"));
    const auto absent = d.command("check", {d.state("/../absent.csv")});
    EXPECT_EQ(absent.status, 3);
    EXPECT_THAT(absent.out, HasSubstr("cannot be checked: "));
    EXPECT_THAT(check(d, "part.csv.tmp", csv(0, 1, "subscribed")), HasSubstr("rename it"));
}

TEST(KnownSubscriptions, WithoutAnAnswerItIsOneWarningAndNoCheck) {
    hubspot_sim::options o;
    o.may_read_definitions = false;
    daemon_under_test d(std::move(o), R"("rules": { "known_subscriptions": "auto" })");
    d.start();
    d.drop("a.csv", csv(0, 5, "subscribed"));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 5u);
    EXPECT_THAT(d.log(), HasSubstr("WARN event=subscriptions.not_known"));
    EXPECT_THAT(d.log(), HasSubstr("communication_preferences.read"));
}

}  // namespace
}  // namespace consent_sync::integration
