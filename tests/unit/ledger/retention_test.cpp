#include "ledger/retention.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "unit/base/temp_folder.hpp"
#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

using consent::place;
using namespace std::chrono_literals;

class Retention : public LedgerTest {
  protected:
    // A file whose every row is confirmed, reported at `at`.
    consent::arrival_number add_done(std::uint64_t rows, base::wall_time at, std::uint64_t first_person = 1) {
        const auto file = add_file(rows, true, first_person);
        run([&](store& s) {
            std::vector<settled_change> ends;
            for (std::uint64_t n = 1; n <= rows; ++n) ends.push_back(confirmed(place(file, n), ++attempts_));
            for (const auto& end : ends) {
                attempt_begin b = begin(end.attempt, {end.id});
                b.begun_at = at;
                s.attempts().begin(b);
                attempt_end e;
                e.id = end.attempt;
                e.ended_at = at;
                s.attempts().end(e, ends);
            }
            s.changes().settle(ends);
            s.files().done(file, at);
            s.duties().put_meta_text("reports.batches", std::to_string(attempts_) + " 2026-11-23=7");
        });
        return file;
    }
    removed_step remove(base::wall_time before, std::uint64_t most = 10'000) {
        removed_step step;
        run([&](store& s) { step = s.old().remove_some(before, most); });
        return step;
    }
    bool holds(consent::arrival_number file, std::uint64_t row) {
        bool found = false;
        run([&](store& s) { found = !s.changes().fetch(std::vector{place(file, row)}).empty(); });
        return found;
    }
    attempt_id attempts_ = 0;
};

TEST_F(Retention, RemovesWhatIsOldAndNothingElse) {
    const auto old = add_done(5, now);
    const auto young = add_done(3, now + 48h);
    const removed_step step = remove(now + 24h);
    EXPECT_EQ(step.files, 1u);
    EXPECT_FALSE(step.more);
    EXPECT_FALSE(holds(old, 1));
    EXPECT_TRUE(holds(young, 1));
    run([&](store& s) {
        EXPECT_FALSE(s.files().find(old));
        EXPECT_TRUE(s.files().find(young));
    });
}

// A block of changes goes as a whole.
TEST_F(Retention, GoesInSmallSteps) {
    const auto file = add_done(600, now);
    std::uint64_t rows = 0;
    int steps = 0;
    for (removed_step step{0, 0, 0, true}; step.more; ++steps) {
        step = remove(now + 24h, 10);
        EXPECT_LT(step.rows, 10u + block_rows);
        rows += step.rows;
        ASSERT_LT(steps, 100);
    }
    EXPECT_GE(rows, 600u + 599u);  // changes, and all attempts but the last
    EXPECT_GT(steps, 4 + 59);
    EXPECT_FALSE(holds(file, 600));
}

TEST_F(Retention, AFileThatIsNotDoneKeepsAllNewerOnes) {
    const auto open = add_file(1);
    const auto newer = add_done(1, now);
    EXPECT_EQ(remove(now + 24h).files, 0u);
    EXPECT_TRUE(holds(open, 1));
    EXPECT_TRUE(holds(newer, 1));
}

TEST_F(Retention, AChangeThatMayBeAssertedStays) {
    const auto file = add_done(2, now);
    run([&](store& s) {
        late_write duty;
        duty.hash = 1;
        duty.change = place(file, 2);
        s.duties().put(duty);
    });
    EXPECT_EQ(remove(now + 24h).files, 0u);
    EXPECT_TRUE(holds(file, 1));
    run([&](store& s) { s.duties().remove(1, place(file, 2)); });
    EXPECT_EQ(remove(now + 24h).files, 1u);
}

TEST_F(Retention, NumbersAreNeverGivenAgain) {
    add_done(1, now);
    const auto last = add_done(1, now);
    EXPECT_EQ(remove(now + 24h).files, 2u);
    EXPECT_EQ(add_file(1), last + 1);
    run([&](store& s) {
        EXPECT_EQ(s.attempts().newest_id(), attempts_);
        EXPECT_EQ(s.attempts().ended_after(0, 10).size(), 1u) << "the newest keeps its number taken";
    });
}

TEST_F(Retention, ARowThatIsGoneDoesNotComeBackByItsChangeId) {
    const auto file = add_done(1, now);
    consent::change change = make_row(place(file, 1), who(1)).change;
    run([&](store& s) { EXPECT_TRUE(s.changes().issued(place(file, 1), change)); });
    remove(now + 24h);
    run([&](store& s) { EXPECT_FALSE(s.changes().issued(place(file, 1), change)); });
}

TEST_F(Retention, AttemptsThatAreNotReportedStay) {
    add_done(5, now);
    run([&](store& s) { s.duties().put_meta_text("reports.batches", "2 2026-11-23=7"); });
    remove(now + 24h);
    run([&](store& s) { EXPECT_EQ(s.attempts().ended_after(0, 10).size(), 3u); });
}

TEST(RetentionOnDisk, TheFileGivesItsSpaceBack) {
    const base::temp_folder folder;
    const std::string path = folder.path() + "/ledger.db";
    auto opened = store::open(path);
    ASSERT_TRUE(opened);
    store& s = **opened;
    const auto fill = [](store& t) {
        std::vector<file_record> files(1);
        files[0].name = "f";
        t.files().add(files);
        t.files().claimed(files[0]);
        t.files().begin_reading(files[0].arrival, "sha", std::nullopt);
        std::vector<new_row> rows(50'000);
        for (std::uint64_t n = 0; n < rows.size(); ++n) {
            rows[n].change.id = place(files[0].arrival, n + 1);
            rows[n].change.subscriber = "person" + std::to_string(n) + "@example.com";
            rows[n].invalid = reason{"x", "y", "", {}};
        }
        t.changes().append(rows);
        t.files().progress(files[0].arrival, rows.size(), 1, rows.size());
        t.files().end_reading({files[0].arrival, base::wall_time(), "", "", 0, 0});
        t.files().done(files[0].arrival, base::wall_time());
    };
    ASSERT_TRUE(s.transact(fill));
    const auto sizes = [&] { return std::filesystem::file_size(path) + std::filesystem::file_size(path + "-wal"); };
    const auto before = sizes();
    std::uint64_t largest = 0;
    removed_step step;
    do {
        ASSERT_TRUE(s.transact([&](store& t) { step = t.old().remove_some(base::wall_time(24h), 2'000); }));
        largest = std::max<std::uint64_t>(largest, sizes());
    } while (step.more);
    opened->reset();  // the last checkpoint
    EXPECT_GT(before, 2u << 20);
    EXPECT_LT(std::filesystem::file_size(path), 200u << 10);
    EXPECT_LT(largest, before + (16u << 20)) << "removing needs little room of its own";
}

}  // namespace
}  // namespace consent_sync::ledger
