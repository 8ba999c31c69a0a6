#include <gtest/gtest.h>

#include <fstream>

#include "unit/report/ledger_on_disk.hpp"

namespace consent_sync::report {
namespace {

using consent::place;
using consent::verdict;

constexpr const char* day_file = "reports/2026-11-23/batches.ndjson";

std::string rows(int count) {
    std::string text = "email,status,subscriptionId\n";
    for (int i = 1; i <= count; ++i) text += "p" + std::to_string(i) + "@example.com,opt-in,7\n";
    return text;
}

class BatchReports : public testing::Test, public ledger_on_disk {
  protected:
    void confirm(consent::arrival_number arrival, std::uint64_t row) {
        attempt({place(arrival, row)}, {confirmed(place(arrival, row))});
    }
    void append_torn(const std::string& text) {
        std::ofstream(folder / day_file, std::ios::app | std::ios::binary) << text;
    }
};

TEST_F(BatchReports, TellAnAttemptWithEveryRowThatWasNotConfirmed) {
    const auto a = drop("a.csv", rows(4));
    const auto b = drop("b.csv", rows(1));
    auto words = judged();
    words.ended_at = noon + std::chrono::milliseconds(7);
    attempt({place(a, 1), place(a, 2), place(a, 4), place(b, 1)},
            {confirmed(place(a, 1)),
             failed(place(a, 2), verdict::rejected, {"VALIDATION_ERROR", "no such address", "corr-2", {}})},
            {place(a, 4), place(b, 1)}, words);
    const auto writer = make_writer();
    write_batches(*writer);
    const auto expected = boost::json::parse(R"({
        "account": "acme", "batch": 1, "attempt": 1, "attempt_id": 1, "assertion": false,
        "begun_at": "2026-11-23T11:59:59.757Z", "ended_at": "2026-11-23T12:00:00.007Z",
        "outcome": "judged", "http": 207, "ms": 250, "correlation_id": "corr-1",
        "counts": {"changes": 4, "confirmed": 1, "rejected": 1, "unsettled": 2},
        "files": [{"file_id": "00000001", "rows": "1-2,4"}, {"file_id": "00000002", "rows": "1"}],
        "not_confirmed": [
            {"file_id": "00000001", "rows": "2", "verdict": "rejected", "category": "VALIDATION_ERROR",
             "message": "no such address", "correlation_id": "corr-2"},
            {"file_id": "00000001", "rows": "4", "verdict": "unsettled", "outcome": "judged", "category": null,
             "message": "HubSpot's answer does not name these changes with the status asked for"},
            {"file_id": "00000002", "rows": "1", "verdict": "unsettled", "outcome": "judged", "category": null,
             "message": "HubSpot's answer does not name these changes with the status asked for"}]})");
    ASSERT_EQ(lines(day_file).size(), 1U);
    EXPECT_EQ(lines(day_file)[0], expected);
}

TEST_F(BatchReports, TellWhyAWholeBatchWasLeftOpen) {
    const auto a = drop("a.csv", rows(2));
    auto words = judged();
    words.outcome = "refused";
    words.status = 400;
    words.category = "VALIDATION_ERROR";
    words.message = "subscription 7 is unknown";
    attempt({place(a, 1), place(a, 2)}, {}, {place(a, 1), place(a, 2)}, words);
    const auto writer = make_writer();
    write_batches(*writer);
    const auto line = lines(day_file).at(0);
    EXPECT_EQ(line.at("category"), "VALIDATION_ERROR");
    EXPECT_EQ(line.at("message"), "subscription 7 is unknown");
    ASSERT_EQ(line.at("not_confirmed").as_array().size(), 1U);
    EXPECT_EQ(line.at("not_confirmed").at(0).at("rows"), "1-2");
    EXPECT_EQ(line.at("not_confirmed").at(0).at("category"), "VALIDATION_ERROR");
    EXPECT_EQ(line.at("counts").at("confirmed"), 0);
}

// HubSpot refused the change alone; that it was to blame was known only when others went through.
TEST_F(BatchReports, AreTheSameWhenAVerdictCameLater) {
    const auto a = drop("a.csv", rows(1));
    auto words = judged();
    words.outcome = "refused";
    const auto id = attempt({place(a, 1)}, {}, {place(a, 1)}, words);
    const auto writer = make_writer();
    write_batches(*writer);
    const std::string before = folder.read(day_file);
    ledger::ledger_change later;
    later.settled.push_back(failed(place(a, 1), verdict::rejected, {"REFUSED", "no", "corr-1", {}}));
    later.settled[0].attempt = id;
    transact([&](ledger::store& s) { s.apply(later); });
    transact([](ledger::store& s) { s.duties().put_meta_text("reports.batches", "0 2026-11-23=0"); });
    write_batches(*make_writer());
    EXPECT_EQ(folder.read(day_file), before);
}

TEST_F(BatchReports, KeepTheOrderOfEndsOverCallsAndDays) {
    const auto a = drop("a.csv", rows(5));
    const auto writer = make_writer();
    for (std::uint64_t row = 1; row <= 5; ++row) {
        auto words = judged();
        words.ended_at = noon + std::chrono::hours(row == 3 ? 24 : 0);
        attempt({place(a, row)}, {confirmed(place(a, row))}, {}, words);
        if (row == 2) write_batches(*writer, 1);
    }
    write_batches(*writer, 2);
    const auto today = lines(day_file);
    ASSERT_EQ(today.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(today[i].at("attempt_id"), i < 2 ? i + 1 : i + 2);
    EXPECT_EQ(lines("reports/2026-11-24/batches.ndjson").size(), 1U);
}

TEST_F(BatchReports, WithoutNewsNothingIsWritten) {
    const auto step = make_writer()->write_batches(10);
    ASSERT_TRUE(step);
    EXPECT_FALSE(step->more);
    EXPECT_TRUE(step->marks.value.empty());
    EXPECT_FALSE(folder.holds("reports/2026-11-23"));
}

// What a crash leaves behind between any two steps of a call: each line once, none torn.
TEST_F(BatchReports, SurviveACrashBetweenAnyTwoSteps) {
    const auto a = drop("a.csv", rows(6));
    confirm(a, 1);
    // Before the first commit: the day is prepared, the ledger does not know it.
    ASSERT_TRUE(make_writer()->write_batches(10)->more);
    write_batches(*make_writer());
    EXPECT_EQ(lines(day_file).size(), 1U);
    // Written, not committed.
    confirm(a, 2);
    EXPECT_EQ(make_writer()->write_batches(10)->lines, 1U);
    EXPECT_EQ(lines(day_file).size(), 2U);
    confirm(a, 3);
    write_batches(*make_writer());
    EXPECT_EQ(lines(day_file).size(), 3U);
    // Written in part.
    confirm(a, 4);
    append_torn("{\"account\":\"ac");
    write_batches(*make_writer());
    const auto all = lines(day_file);
    ASSERT_EQ(all.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(all[i].at("attempt_id"), i + 1);
    // Torn, and no news: it is cut all the same.
    append_torn("x");
    write_batches(*make_writer());
    EXPECT_EQ(lines(day_file).size(), 4U);
}

TEST_F(BatchReports, RepeatsNothingWhenMarksWereLost) {
    const auto a = drop("a.csv", rows(2));
    const auto writer = make_writer();
    confirm(a, 1);
    write_batches(*writer);
    confirm(a, 2);
    ASSERT_TRUE(writer->write_batches(10));  // its marks are not committed
    write_batches(*writer);
    EXPECT_EQ(lines(day_file).size(), 2U);
}

TEST_F(BatchReports, KeepWhatAnotherLedgerHadWritten) {
    std::filesystem::create_directory(folder / "reports/2026-11-23");
    folder.write(day_file, "{\"old\":1}\n");
    const auto a = drop("a.csv", rows(1));
    confirm(a, 1);
    ASSERT_TRUE(make_writer()->write_batches(10));
    write_batches(*make_writer());
    EXPECT_EQ(lines(day_file).size(), 2U);
    EXPECT_TRUE(folder.read(day_file).starts_with("{\"old\":1}\n"));
}

TEST_F(BatchReports, GoOnWhenSomebodyTookTheFileAway) {
    const auto a = drop("a.csv", rows(3));
    const auto writer = make_writer();
    confirm(a, 1);
    write_batches(*writer);
    std::filesystem::remove_all(folder / "reports/2026-11-23");
    confirm(a, 2);
    EXPECT_FALSE(writer->write_batches(10));  // the folder is gone: an error, nothing is lost
    write_batches(*make_writer());
    confirm(a, 3);
    write_batches(*make_writer());
    EXPECT_EQ(lines(day_file).size(), 2U);
}

TEST_F(BatchReports, AreForTheServiceAndItsGroupOnly) {
    const auto a = drop("a.csv", rows(1));
    confirm(a, 1);
    const mode_t before = ::umask(0);
    write_batches(*make_writer());
    ::umask(before);
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(folder / "reports/2026-11-23").permissions(), perms{0750});
    EXPECT_EQ(std::filesystem::status(folder / day_file).permissions(), perms{0640});
}

}  // namespace
}  // namespace consent_sync::report
