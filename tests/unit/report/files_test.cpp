#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "ledger/database.hpp"
#include "report/text.hpp"
#include "unit/report/ledger_on_disk.hpp"

namespace consent_sync::report {
namespace {

using consent::place;
using consent::verdict;
using testing::ElementsAre;

constexpr const char* day = "reports/2026-11-23/";

class FileReports : public testing::Test, public ledger_on_disk {
  protected:
    boost::json::value only_line() const {
        const auto all = lines(std::string(day) + "files.ndjson");
        EXPECT_EQ(all.size(), 1U);
        return all.at(0);
    }
    std::vector<std::string> names_in_day(const char* which = day) const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder / which))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }
    void reject(consent::arrival_number file, std::uint64_t row) {
        attempt({place(file, row)},
                {failed(place(file, row), verdict::rejected, {"VALIDATION_ERROR", "no, \"really\"", "corr", {}})});
    }
    ledger::file_state state_of(consent::arrival_number file) const {
        ledger::file_state state{};
        transact([&](ledger::store& s) { state = s.files().find(file)->state; });
        return state;
    }
};

TEST_F(FileReports, AccountForEveryRow) {
    const auto a = drop("ä\xFF.csv",
                        "email,status,subscriptionId,note\n"
                        "a@example.com,opt-in,7,x\n"
                        "b@example.com,opt-in,7,x\n"
                        "nobody,opt-in,7,x\n"
                        "d@example.com,opt-in,7,x\n"
                        "too,few\n"
                        "f@example.com,opt-in,7,x\n");
    std::string why;
    append_csv_field(why, last_read[2].fault->message);
    const auto b = drop("b.csv", "email,status,subscriptionId\nf@example.com,opt-out,7\n");
    confirm_rest(b);
    auto same = confirmed(place(a, 1));
    same.success = consent::success_reason::no_status_change;
    attempt({place(a, 1), place(a, 2)},
            {same, failed(place(a, 2), verdict::rejected, {"VALIDATION_ERROR", "no", "corr-2", {}})});
    attempt({place(a, 4)}, {failed(place(a, 4), verdict::unconfirmed, {"UNCONFIRMED", "no answer", "", {}})});
    ledger::ledger_change overtaken;
    overtaken.settled.push_back(failed(place(a, 6), verdict::superseded, {"superseded", "newer", "", place(b, 1)}));
    transact([&](ledger::store& s) { s.apply(overtaken); });

    const auto writer = make_writer();
    const files_written written = write_files(*writer);
    ASSERT_EQ(written.finished.size(), 2U);
    EXPECT_EQ(written.finished[0].folder, "2026-11-23/00000001-ä_.csv");
    EXPECT_EQ(written.finished[0].failed_rows, 4U);
    EXPECT_EQ(written.finished[0].input_fault, "");
    EXPECT_EQ(written.finished[1].folder, "");
    EXPECT_EQ(state_of(a), ledger::file_state::done);

    const auto expected = boost::json::parse(R"({
        "account": "acme", "file_id": "00000001", "name": "ä�.csv",
        "sha256": "1111111111111111111111111111111111111111111111111111111111111111", "bytes": 159,
        "counts": {"rows": 6, "confirmed": 1, "rejected": 1, "invalid": 2, "superseded": 1, "unconfirmed": 1},
        "accounting": {"rows_read": 6, "rows_with_verdict": 6, "adds_up": true},
        "success_reasons": {"NO_STATUS_CHANGE": 1},
        "reasons": [{"verdict": "rejected", "category": "VALIDATION_ERROR", "count": 1},
                    {"verdict": "invalid", "category": "invalid_address", "count": 1},
                    {"verdict": "invalid", "category": "malformed", "count": 1},
                    {"verdict": "superseded", "category": "superseded", "count": 1},
                    {"verdict": "unconfirmed", "category": "UNCONFIRMED", "count": 1}],
        "attempts": 2, "claimed_at": "2026-11-23T11:59:00.000Z", "read_at": "2026-11-23T11:59:30.000Z",
        "done_at": "2026-11-23T12:00:00.000Z", "duration_ms": 60000, "fault": null, "duplicate_of": null,
        "continues": null, "ignored_columns": "note, crm id",
        "malformed": {"count": 1, "listed": [{"row": 5, "offset": 126,
            "message": "line 6, bytes 126 to 133: the row has 2 fields, the header has 4"}]},
        "superseded": {"count": 1, "listed": [{"row": 6,
            "by": {"file_id": "00000002", "row": 1, "verdict": "confirmed"}}]},
        "folder": "00000001-ä_.csv",
        "failed": {"file": "failed.csv", "count": 3, "from": "file", "file_fault": null}})");
    const auto all = lines(std::string(day) + "files.ndjson");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0], expected) << boost::json::serialize(all[0]);
    const std::string report = std::string(day) + "00000001-ä_.csv/";
    EXPECT_EQ(boost::json::parse(folder.read(report + "summary.json")), expected);
    const auto id = [a](std::uint64_t row) { return std::to_string(place(a, row).id()); };
    EXPECT_EQ(folder.read(report + "failed.csv"),
              "email,status,subscriptionId,note,change_id,verdict,category,message,correlation_id\r\n"
              "b@example.com,opt-in,7,x," +
                  id(2) +
                  ",rejected,VALIDATION_ERROR,no,corr-2\r\n"
                  "nobody,opt-in,7,x," +
                  id(3) + ",invalid,invalid_address," + why + "," + "\r\nd@example.com,opt-in,7,x," + id(4) +
                  ",unconfirmed,UNCONFIRMED,no answer,\r\n");
}

TEST_F(FileReports, SmallCleanFilesHaveNoFolder) {
    std::string hundred = "email,status,subscriptionId\n";
    for (int i = 0; i < 100; ++i) hundred += "p" + std::to_string(i) + "@example.com,opt-in,7\n";
    const auto a = drop("a.csv", hundred);
    const auto b = drop("b.csv", hundred + "last@example.com,opt-in,7\n");
    confirm_rest(a);
    confirm_rest(b);
    write_files(*make_writer());
    EXPECT_THAT(names_in_day(), ElementsAre("00000002-b.csv", "files.ndjson"));
    EXPECT_THAT(names_in_day("reports/2026-11-23/00000002-b.csv"), ElementsAre("report.html", "summary.json"));
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(folder / "reports/2026-11-23/00000002-b.csv").permissions(), perms{0750});
    EXPECT_EQ(std::filesystem::status(folder / "reports/2026-11-23/00000002-b.csv/summary.json").permissions(),
              perms{0640});
    EXPECT_EQ(std::filesystem::status(folder / "reports/2026-11-23/00000002-b.csv/report.html").permissions(),
              perms{0640});
}

TEST_F(FileReports, AFileOfMalformedRowsOnlyHasNoFailedFile) {
    drop("a.csv", "email,status,subscriptionId\ntoo,few\n");
    write_files(*make_writer());
    EXPECT_THAT(names_in_day("reports/2026-11-23/00000001-a.csv"), ElementsAre("report.html", "summary.json"));
    EXPECT_TRUE(only_line().at("failed").is_null());
}

TEST_F(FileReports, WaitForTheChangeThatSupersededARow) {
    const auto a = drop("a.csv", "email,status,subscriptionId\na@example.com,opt-in,7\n");
    const auto b = drop("b.csv", "email,status,subscriptionId\na@example.com,opt-out,7\n");
    ledger::ledger_change overtaken;
    overtaken.settled.push_back(failed(place(a, 1), verdict::superseded, {"superseded", "newer", "", place(b, 1)}));
    transact([&](ledger::store& s) { s.apply(overtaken); });
    const auto reader = ledger::report_reader::open(folder / "ledger.db");
    bool ready = true;
    ASSERT_TRUE((*reader)->run([&](ledger::report_queries& q) { ready = q.ready_to_finish(a); }));
    EXPECT_FALSE(ready);
    const auto writer = make_writer();
    EXPECT_EQ(write_files(*writer).finished.size(), 0U);
    confirm_rest(b);
    ASSERT_TRUE((*reader)->run([&](ledger::report_queries& q) { ready = q.ready_to_finish(a); }));
    EXPECT_TRUE(ready);
    EXPECT_EQ(write_files(*writer).finished.size(), 2U);
}

TEST_F(FileReports, AFileThatDoesNotAddUpIsAnErrorAndNoReport) {
    const auto a = drop("a.csv", "email,status,subscriptionId\na@example.com,opt-in,7\n");
    const auto b = drop("b.csv", "email,status,subscriptionId\na@example.com,opt-in,8\n");
    confirm_rest(b);
    ledger::verdict_counts wrong{};
    wrong[1] = 1;
    transact([&](ledger::store& s) { s.files().add_verdicts(a, wrong); });  // and its row has no verdict
    const auto writer = make_writer();
    const files_written written = write_files(*writer);
    ASSERT_EQ(written.failed.size(), 1U);
    EXPECT_EQ(written.failed[0].arrival, a);
    EXPECT_EQ(written.failed[0].why.code, base::errc::corrupt);
    EXPECT_EQ(written.finished.size(), 1U);
    EXPECT_EQ(only_line().at("file_id"), "00000002");
    EXPECT_EQ(state_of(a), ledger::file_state::read);
    EXPECT_EQ(write_files(*writer).failed.size(), 0U);  // told once
}

TEST_F(FileReports, SurviveACrashBetweenAnyTwoSteps) {
    const auto rejected = drop("a.csv", "email,status,subscriptionId\na@example.com,opt-in,7\n");
    reject(rejected, 1);
    const auto clean = drop("b.csv", "email,status,subscriptionId\nb@example.com,opt-in,7\n");
    confirm_rest(clean);
    // The day is prepared, the ledger does not know it.
    ASSERT_TRUE(make_writer()->write_files(noon, 10, input())->marks.done.empty());
    auto step = make_writer()->write_files(noon, 10, input());
    transact([&](ledger::store& s) { step->marks.put(s); });
    // A folder half written, under its hidden name.
    std::filesystem::create_directory(folder / "reports/2026-11-23/.00000001.tmp");
    folder.write("reports/2026-11-23/.00000001.tmp/failed.csv", "half");
    // Written, published, not committed.
    step = make_writer()->write_files(noon, 10, input());
    EXPECT_EQ(step->finished.size(), 2U);
    EXPECT_THAT(names_in_day(), ElementsAre("00000001-a.csv", "files.ndjson"));
    std::ofstream(folder / "reports/2026-11-23/files.ndjson", std::ios::app) << "{\"torn";
    // The next try is on another day: nothing of the first may stay.
    write_files(*make_writer(), noon + std::chrono::hours(24));
    EXPECT_EQ(folder.read("reports/2026-11-23/files.ndjson"), "");
    EXPECT_THAT(names_in_day(), ElementsAre("files.ndjson"));
    EXPECT_EQ(lines("reports/2026-11-24/files.ndjson").size(), 2U);
    EXPECT_THAT(names_in_day("reports/2026-11-24"), ElementsAre("00000001-a.csv", "files.ndjson"));
    // Everything is committed: a new start touches nothing.
    write_files(*make_writer(), noon + std::chrono::hours(24));
    EXPECT_EQ(lines("reports/2026-11-24/files.ndjson").size(), 2U);
    EXPECT_THAT(names_in_day("reports/2026-11-24"), ElementsAre("00000001-a.csv", "files.ndjson"));
}

TEST_F(FileReports, RepeatNothingWhenMarksWereLost) {
    const auto a = drop("a.csv", "email,status,subscriptionId\na@example.com,opt-in,7\n");
    const auto writer = make_writer();
    auto step = writer->write_files(noon, 10, input());
    transact([&](ledger::store& s) { step->marks.put(s); });
    reject(a, 1);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer->write_files(noon, 10, input()));
    write_files(*writer);
    only_line();
    EXPECT_THAT(names_in_day(), ElementsAre("00000001-a.csv", "files.ndjson"));
}

// What was counted as it happened and what the rows say are two records of one thing: where they differ, nobody is told
// that the file is done.
TEST_F(FileReports, AFileWhoseTwoRecordsDifferIsNotReported) {
    struct row {
        const char* what;
        const char* damage;
        bool told = true;  // else the counts say that rows are still without a verdict: it is not looked at yet
    };
    for (const row& each :
         {row{"a verdict became another one", "UPDATE files SET confirmed=confirmed-1, rejected=rejected+1"},
          row{"rejected counts for invalid", "UPDATE files SET rejected=0, invalid=invalid+rejected"},
          row{"a row too many was counted", "UPDATE files SET rows=rows+1, confirmed=confirmed+1"},
          row{"a row too few was counted", "UPDATE files SET rows=rows-1, confirmed=confirmed-1"},
          row{"a verdict is counted twice", "UPDATE files SET confirmed=confirmed+1", false},
          row{"none is counted", "UPDATE files SET confirmed=0, rejected=0", false}}) {
        ledger_on_disk other;
        const auto a = other.drop("a.csv",
                                  "email,status,subscriptionId\na@example.com,opt-in,7\nb@example.com,opt-in,7\n"
                                  "c@example.com,opt-in,7\n");
        other.attempt({place(a, 1), place(a, 2), place(a, 3)},
                      {confirmed(place(a, 1)), confirmed(place(a, 2)),
                       failed(place(a, 3), verdict::rejected, {"VALIDATION_ERROR", "no", "corr", {}})});
        ledger::database(other.folder / "ledger.db", ledger::database::access::read_write).execute(each.damage);
        const auto writer = other.make_writer();
        const files_written written = other.write_files(*writer);
        EXPECT_TRUE(written.finished.empty()) << each.what;
        ASSERT_EQ(written.failed.size(), each.told ? 1U : 0U) << each.what;
        if (each.told) {
            EXPECT_EQ(written.failed[0].why.code, base::errc::corrupt) << each.what;
        }
        EXPECT_TRUE(other.lines(std::string(day) + "files.ndjson").empty()) << each.what;
        other.transact(
            [&](ledger::store& s) { EXPECT_EQ(s.files().find(a)->state, ledger::file_state::read) << each.what; });
    }
}

// Shared syncs, no folders: what a thousand files a call cost is one line each.
TEST_F(FileReports, OfManySmallFilesShareTheirSyncs) {
    constexpr std::size_t count = 10'000;
    transact([](ledger::store& s) {
        std::vector<ledger::file_record> files(count);
        for (auto& file : files) {
            file.name = "one.csv";
            file.stored_name = ".csv";
            file.rows = 1;
            file.claimed_at = noon;
        }
        s.files().add(files);
        std::vector<ledger::settled_change> settled;
        for (const auto& file : files) {
            ledger::new_row row;
            row.change.id = place(file.arrival, 1);
            row.change.subscriber = "a@example.com";
            s.changes().append({&row, 1});
            s.files().claimed(file);
            s.files().begin_reading(file.arrival, std::string(32, 'x'), std::nullopt);
            s.files().progress(file.arrival, 1, 10, 0);
            s.files().end_reading({file.arrival, noon, "", "", 0, 0});
            settled.push_back(confirmed(row.change.id));
        }
        s.changes().settle(settled);
    });
    const auto writer = make_writer();
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(write_files(*writer).finished.size(), count);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    RecordProperty("files_per_second", static_cast<int>(count / took.count()));
    const auto all = lines(std::string(day) + "files.ndjson");
    ASSERT_EQ(all.size(), count);
    for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(all[i].at("file_id").as_string(),
                  consent::format_file_id(static_cast<consent::arrival_number>(i + 1)));
    EXPECT_THAT(names_in_day(), ElementsAre("files.ndjson"));
}

TEST_F(FileReports, TroubleWithTheDiskIsAnErrorAndTriedAgain) {
    const auto a = drop("a.csv", "email,status,subscriptionId\na@example.com,opt-in,7\n");
    reject(a, 1);
    std::filesystem::remove(folder / "reports");
    const auto writer = make_writer();
    EXPECT_FALSE(writer->write_files(noon, 10, input()));
    std::filesystem::create_directory(folder / "reports");
    write_files(*writer);
    only_line();
}

}  // namespace
}  // namespace consent_sync::report
