// Typical files, processed by the real binary.
#include <gtest/gtest.h>

#include <random>

#include "integration/daemon_under_test.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::integration {
namespace {

using intake::gzip;

TEST(Files, SpreadsheetCsvWithMarkSemicolonsAndQuotedLines) {
    daemon_under_test d;
    d.start();
    d.drop("Kündigungen März.csv",
           "\xEF\xBB\xBF"
           "E-Mail;Subscription ID;Status;Legal basis;Explanation\r\n"
           "\"m\xC3\xBCller@example.com\";7;opt-out;;\r\n"
           "ann@example.com;7;SUBSCRIBED;CONSENT_WITH_NOTICE;\"said \"\"yes\"\"\r\nat the fair\"\r\n");
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 2u);
    EXPECT_EQ(d.hubspot().state("m\xC3\xBCller@example.com", 7)->status, "UNSUBSCRIBED");
    EXPECT_EQ(d.hubspot().received("ann@example.com", 7).at(0).explanation, "said \"yes\"\r\nat the fair");
}

TEST(Files, EachFormatPlainAndCompressedArrives) {
    daemon_under_test d;
    d.start();
    const std::string row = R"({"subscriberIdString":"%@example.com","subscriptionId":7,"statusState":"SUBSCRIBED"})";
    const auto of = [&row](const std::string& who) { return std::string(row).replace(row.find('%'), 1, who); };
    d.drop("a.ndjson", of("ndjson") + "\n");
    d.drop("b.json", "{\"inputs\":[" + of("inputs") + "]}");
    d.drop("c.json", "[" + of("array") + "]");
    d.drop("d.ndjson.gz", gzip(of("packed-lines") + "\n"));
    d.drop("e.json.gz", gzip("[" + of("packed-array") + "]"));
    d.drop("f.csv.gz", gzip("email\tsubscription_id\tstatus\npacked-table@example.com\t7\tsubscribed\n"));
    ASSERT_EQ(d.wait_for_files(6).size(), 6u);
    for (const char* who : {"ndjson", "inputs", "array", "packed-lines", "packed-array", "packed-table"}) {
        const auto state = d.hubspot().state(std::string(who) + "@example.com", 7);
        ASSERT_TRUE(state) << who;
        EXPECT_EQ(state->status, "SUBSCRIBED") << who;
    }
}

TEST(Files, BrokenElementInAnArrayCostsOneRow) {
    daemon_under_test d;
    d.start();
    d.drop("rows.json", R"([{"email":"a@example.com","subscriptionId":7,"status":"yes"},{"email":bro ken},)"
                        R"({"email":"b@example.com","subscriptionId":7,"status":"no"}])");
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 2u);
    EXPECT_EQ(count(files[0], "invalid"), 1u);
}

TEST(Files, TruncatedGzipIsDoneUpToTheBreakAndSaysSo) {
    daemon_under_test d;
    d.start();
    std::string text = "email,subscription_id,status\n";
    for (int i = 0; i < 20'000; ++i) text += "p" + std::to_string(i * 7919 % 20'000) + "@example.com,7,subscribed\n";
    const std::string packed = gzip(text);
    d.drop("rows.csv.gz", packed.substr(0, packed.size() / 2));
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_GT(count(files[0], "confirmed"), 1'000u);
    EXPECT_LT(count(files[0], "confirmed"), 20'000u);
    EXPECT_NE(std::string(files[0].at("fault").as_string()).find("breaks off"), std::string::npos);
    EXPECT_NE(d.log().find("event=file.broke_off file=00000001"), std::string::npos);
}

TEST(Files, SameContentAgainSendsItsOptOutsOnly) {
    daemon_under_test d;
    d.start();
    const std::string text =
        "email,subscription_id,status,colour\nin@example.com,7,subscribed,red\nout@example.com,7,opt-out,red\n";
    d.drop("first.csv", text);
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    d.drop("again.csv", text);
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[1], "confirmed"), 1u);
    EXPECT_EQ(count(files[1], "invalid"), 1u);
    EXPECT_NE(d.log().find("event=file.duplicate file=00000002 of=00000001"), std::string::npos);
    EXPECT_NE(d.log().find("event=file.columns_ignored file=00000001 columns=colour"), std::string::npos);
}

// In all ways of reading: files up to 256 KiB are hashed and read several at a time, larger ones one by one, packed or
// not.
TEST(Files, SameContentAgainIsNoticedAtEverySize) {
    daemon_under_test d;
    d.start();
    const std::string rows =
        "email,subscription_id,status,colour\nin@example.com,7,subscribed,\nout@example.com,7,opt-out,";
    std::vector<std::pair<std::string, std::string>> files;
    for (const std::size_t size : {std::size_t{1} << 10, (std::size_t{256} << 10) - 1, std::size_t{256} << 10,
                                   (std::size_t{256} << 10) + 1, std::size_t{600} << 10}) {
        std::string text = rows;
        text.append(size - text.size() - 1, 'x').push_back('\n');  // the last cell is long
        files.emplace_back("f" + std::to_string(size) + ".csv", text);
    }
    std::string noise;  // stays above 256 KiB when packed
    std::mt19937_64 random(1);
    while (noise.size() < std::size_t{800} << 10) noise += std::to_string(random());
    files.emplace_back("packed.csv.gz", gzip(rows + noise + "\n"));
    ASSERT_GT(files.back().second.size(), std::size_t{256} << 10);
    std::size_t done = 0;
    for (const auto& [name, text] : files) {
        d.drop(name, text);
        const auto first = d.wait_for_files(++done, 120s);
        ASSERT_EQ(first.size(), done);
        EXPECT_EQ(count(first.back(), "invalid"), 0u) << name;
        d.drop("again-" + name, text);
        const auto second = d.wait_for_files(++done, 120s);
        ASSERT_EQ(second.size(), done);
        EXPECT_EQ(count(second.back(), "invalid"), 1u) << name << ": its opt-in was sent again";
        EXPECT_EQ(count(second.back(), "confirmed"), 1u) << name;
        EXPECT_EQ(second.back().at("duplicate_of"), first.back().at("file_id")) << name;
    }
    EXPECT_EQ(d.stop(), 0);
}

TEST(Files, SmallFileOfMoreRowsThanOnePieceIsReadOn) {
    daemon_under_test d;
    d.start();
    std::string text = "email,subscription_id,status\n";
    for (int i = 0; i < 9'000; ++i) text += "p" + std::to_string(i) + "@e.de,7,no\n";
    d.drop("rows.csv", text);
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), 9'000u);
}

TEST(Files, ManyFilesOfOneRowShareRequests) {
    daemon_under_test d;
    d.start();
    for (int i = 0; i < 500; ++i)
        d.drop("one-row-" + std::to_string(i) + ".csv",
               "email,subscription_id,status\nm" + std::to_string(i) + "@example.com,7,opt-out\n");
    ASSERT_EQ(d.wait_for_files(500).size(), 500u);
    EXPECT_EQ(d.hubspot().counters().changes_applied, 500u);
    EXPECT_LT(d.hubspot().counters().requests, 100u);
}

}  // namespace
}  // namespace consent_sync::integration
