#include "report/failed_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/intake/reading.hpp"
#include "unit/report/ledger_on_disk.hpp"

namespace consent_sync::report {
namespace {

using consent::place;
using consent::status_state;
using consent::verdict;

class FailedFile : public testing::Test, public ledger_on_disk {
  protected:
    // Every row that is not malformed nor invalid is rejected.
    void reject_all(consent::arrival_number file) {
        std::vector<place> places;
        std::vector<ledger::settled_change> settled;
        for (const intake::row& row : last_read) {
            if (row.fault) continue;
            places.emplace_back(file, row.number);
            settled.push_back(
                failed(places.back(), verdict::rejected, {"VALIDATION_ERROR", "says; \"no\", twice", "corr", {}}));
        }
        attempt(places, settled);
    }
    // Writes the report, and reads the failed file as if it were dropped.
    std::vector<intake::row> drop_again(consent::arrival_number file, const config::rule_settings& rules = {}) {
        reject_all(file);
        const files_written written = write_files(*make_writer());
        EXPECT_EQ(written.finished.size(), 1U);
        fault = written.finished.at(0).input_fault;
        const std::string report = "reports/" + written.finished[0].folder + "/";
        const bool csv = folder.holds(report + "failed.csv");
        text = folder.read(report + (csv ? "failed.csv" : "failed.ndjson"));
        const std::string name = csv ? "failed.csv" : "failed.ndjson";
        auto reader = intake::file_reader::open(folder / (report + name), name, {{}, rules, bytes_max});
        EXPECT_TRUE(reader) << text;
        std::vector<intake::row> rows;
        std::vector<intake::row> all;
        while (reader) {
            const auto state = reader->next(rows, 7);
            all.insert(all.end(), rows.begin(), rows.end());
            EXPECT_NE(state.at, intake::read_result::state::broke_off);
            if (state.at != intake::read_result::state::more) break;
        }
        return all;
    }
    // The same changes, each with the id of its first way.
    void expect_same_changes(consent::arrival_number file, const std::vector<intake::row>& again) {
        std::vector<intake::row> sent = last_read;
        std::erase_if(sent, [](const intake::row& r) { return r.fault && r.fault->category == "malformed"; });
        ASSERT_EQ(again.size(), sent.size()) << text;
        for (std::size_t i = 0; i < sent.size(); ++i) {
            SCOPED_TRACE(i);
            EXPECT_EQ(again[i].change_id, place(file, sent[i].number).id());
            EXPECT_EQ(again[i].fault.has_value(), sent[i].fault.has_value());
            EXPECT_EQ(again[i].change.subscriber, sent[i].change.subscriber);
            EXPECT_EQ(again[i].change.subscription, sent[i].change.subscription);
            EXPECT_EQ(again[i].change.state, sent[i].change.state);
            EXPECT_EQ(again[i].change.basis, sent[i].change.basis);
            EXPECT_EQ(again[i].change.explanation, sent[i].change.explanation);
        }
    }

    std::string text;
    std::string fault;
};

const std::string csv_content =
    "\xEF\xBB\xBF"
    "Name;email;status;subscriptionId;legalBasis;legalBasisExplanation\r\n"
    "\"x;\"\"y\"\"\";a@example.com;opt-in;7;NON_GDPR;\"two\r\nlines, and =1+1\"\r\n"
    "too;few\r\n"
    ";b@example.com;opt-out;7;;\r\n"
    " =cmd;c@example.com;what;7;;\r\n"
    "n;nobody;opt-in;7;;\r\n";

TEST_F(FailedFile, OfCsvIsReadBackAsTheSameChanges) {
    const auto file = drop("x.csv", csv_content);
    const auto again = drop_again(file);
    expect_same_changes(file, again);
    EXPECT_EQ(fault, "");
    EXPECT_TRUE(
        text.starts_with("Name;email;status;subscriptionId;legalBasis;legalBasisExplanation;"
                         "change_id;verdict;category;message;correlation_id\r\n\"x;\"\"y\"\"\";a@example.com"));
    EXPECT_NE(text.find(";\"says; \"\"no\"\", twice\";corr\r\n"), std::string::npos);
}

TEST_F(FailedFile, OfAPackedFileIsNotPacked) {
    const auto file = drop("x.csv.gz", intake::gzip(csv_content));
    expect_same_changes(file, drop_again(file));
    EXPECT_EQ(fault, "");
}

TEST_F(FailedFile, OfNdjsonAndJsonIsReadBackAsTheSameChanges) {
    const std::string a = R"({"email":"a@example.com","status":"opt-in","subscriptionId":7,"n":12.50,"x":{"y":"}"}})";
    const std::string b = "{\n  \"subscriptionId\": \"8\",\r\n \"status\": false, \"email\": \"b@example.com\" \n}";
    const std::string c = R"({"email":"nobody","status":"opt-in","subscriptionId":7})";
    const auto check = [&](const std::string& name, const std::string& content, consent::arrival_number expected) {
        const auto file = drop(name, content);
        EXPECT_EQ(file, expected);
        expect_same_changes(file, drop_again(file));
        EXPECT_EQ(fault, "");
        EXPECT_TRUE(text.starts_with(a.substr(0, a.size() - 1) + ",\"change_id\":\"")) << text;
    };
    check("x.ndjson", a + "\nbroken\n" + c + "\n", 1);
    check("x.json", "{\"inputs\":[" + a + ",\n" + b + "," + c + "]}", 2);
}

// An opt-out without a subscription stands for several: each of its rows must say for which it was.
TEST_F(FailedFile, NamesTheSubscriptionThatARowWasSentFor) {
    config::rule_settings all;
    all.unsubscribe_all = {7, 8};
    const std::vector<std::pair<std::string, std::string>> files{
        {"a.csv", "email,status\na@example.com,opt-out\n"},
        {"b.csv", "email,subscriptionId,status\na@example.com,,opt-out\n"},
        {"c.ndjson", "{\"email\":\"a@example.com\",\"status\":\"opt-out\"}\n"},
        {"d.ndjson", "{\"email\":\"a@example.com\",\"subscriptionId\":null,\"status\":\"opt-out\"}\n"}};
    for (const auto& [name, content] : files) {
        SCOPED_TRACE(name);
        const auto file = drop(name, content, all);
        ASSERT_EQ(last_read.size(), 2U);
        const auto again = drop_again(file, all);
        expect_same_changes(file, again);
        EXPECT_EQ(fault, "");
    }
}

TEST_F(FailedFile, OfAFailedFileCarriesTheNewestChangeId) {
    const auto file = drop("failed.csv",
                           "email,status,subscriptionId,change_id,verdict,category,message,correlation_id\n"
                           "a@example.com,opt-in,7,4294967297,rejected,OLD,old,old\n");
    const auto again = drop_again(file);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].change_id, place(file, 1).id());
    EXPECT_EQ(text.find("OLD"), std::string::npos);
}

TEST_F(FailedFile, ComesFromTheLedgerWhenTheFileIsGone) {
    const auto file = drop("x.csv", csv_content);
    std::filesystem::remove(folder / "processing/00000001.x");
    const auto again = drop_again(file);
    EXPECT_NE(fault, "");
    EXPECT_TRUE(
        text.starts_with("subscriberIdString,subscriptionId,channel,statusState,legalBasis,"
                         "legalBasisExplanation,change_id,verdict,category,message,correlation_id\r\n"));
    expect_same_changes(file, again);
}

TEST_F(FailedFile, ComesFromTheLedgerWhenTheFileChanged) {
    const std::string content = "email,status,subscriptionId\na@example.com,opt-in,7\nb@example.com,opt-in,7\n";
    std::string other = content;
    other.replace(other.find("b@"), 1, "c");  // as long, and every row at its place
    const auto file = drop("x.csv", content);
    folder.write("processing/00000001.x", other);
    const auto again = drop_again(file);
    EXPECT_NE(fault, "");
    EXPECT_EQ(text.find("c@example.com"), std::string::npos);
    expect_same_changes(file, again);
}

TEST_F(FailedFile, OfNdjsonComesFromTheLedgerAsNdjson) {
    const auto file = drop("x.ndjson",
                           "{\"email\":\"a@example.com\",\"status\":\"opt-in\",\"subscriptionId\":7}\n"
                           "{\"email\":\"b@example.com\",\"status\":\"what\",\"subscriptionId\":7}\n");
    std::filesystem::remove(folder / "processing/00000001.x");
    expect_same_changes(file, drop_again(file));
    EXPECT_NE(fault, "");
}

// Else mending nothing but an address would subscribe, or not, by accident.
TEST_F(FailedFile, OfTheLedgerLeavesAnUnreadableStateEmpty) {
    const auto file = drop("x.csv", "email,status,subscriptionId\na@example.com,what,7\n");
    std::filesystem::remove(folder / "processing/00000001.x");
    const auto again = drop_again(file);
    ASSERT_EQ(again.size(), 1U);
    ASSERT_TRUE(again[0].fault);
    EXPECT_EQ(again[0].fault->category, "missing_status");
    EXPECT_NE(text.find("a@example.com,7,EMAIL,,,,"), std::string::npos) << text;
}

TEST_F(FailedFile, OfManyRowsIsWrittenInPages) {
    std::string content = "email,status,subscriptionId\n";
    for (int i = 0; i < 4'500; ++i) content += "p" + std::to_string(i) + "@example.com,opt-in,7\n";
    const auto file = drop("x.csv", content);
    expect_same_changes(file, drop_again(file));
}

}  // namespace
}  // namespace consent_sync::report
