#include "ledger/store.hpp"

#include <sqlite3.h>

#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

using consent::place;
using consent::status_state;
using consent::verdict;
using std::chrono::minutes;

class Store : public LedgerTest {
  protected:
    recovery recover(base::wall_time at = now) {
        recovery past;
        run([&](store& s) { past = s.recover(at, minutes(10)); });
        return past;
    }
};

TEST_F(Store, WhatWasNotCommittedNeverWas) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    {
        auto first = store::open(path).value();
        std::vector<file_record> files(1);
        EXPECT_FALSE(first->transact([&](store& s) { s.files().add(files); }).has_error());
        EXPECT_TRUE(first
                        ->transact([&](store& s) {
                            s.files().add(files);
                            throw database_error(base::errc::io, "the plug was pulled");
                        })
                        .has_error());
    }
    auto second = store::open(path).value();
    EXPECT_FALSE(second->transact([](store& s) { EXPECT_EQ(s.files().open_files().size(), 1u); }).has_error());
}

// The connection that is opened next, to limit what it may write.
sqlite3* opened_connection = nullptr;
int keep_connection(sqlite3* connection, const char**, const sqlite3_api_routines*) {
    opened_connection = connection;
    return SQLITE_OK;
}

TEST_F(Store, AFullDiskLosesNothingAndGoesOnWhenThereIsRoom) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    const auto entry = reinterpret_cast<void (*)()>(keep_connection);
    ASSERT_EQ(sqlite3_auto_extension(entry), SQLITE_OK);
    auto full = store::open(path).value();
    ASSERT_EQ(sqlite3_cancel_auto_extension(entry), 1);
    const auto limit_pages = [](const char* pragma) {
        return sqlite3_exec(opened_connection, pragma, nullptr, nullptr, nullptr);
    };
    std::vector<file_record> files(1);
    ASSERT_FALSE(full->transact([&](store& s) { s.files().add(files); }).has_error());
    ASSERT_EQ(limit_pages("PRAGMA max_page_count=40"), SQLITE_OK);
    std::vector<new_row> rows;
    for (std::uint64_t n = 1; n <= 10'000; ++n) rows.push_back(make_row(place(1, n), who(n)));
    const auto append = [&](store& s) {
        s.changes().append(rows);
        s.files().progress(1, rows.size(), 1, 0);
    };
    const auto refused = full->transact(append);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, base::errc::no_space);
    ASSERT_FALSE(full->transact([](store& s) { EXPECT_EQ(s.files().find(1)->rows, 0u); }).has_error());
    ASSERT_EQ(limit_pages("PRAGMA max_page_count=1000000"), SQLITE_OK);
    EXPECT_FALSE(full->transact(append).has_error());
}

TEST_F(Store, AStepWithASecondVerdictIsCommittedWithoutIt) {
    const auto file = add_file(3);
    ledger_change first;
    first.begins.push_back(begin(1, {place(file, 1)}));
    first.settled.push_back(confirmed(place(file, 1)));
    run([&](store& s) { EXPECT_TRUE(s.apply(first).refused.empty()); });
    ledger_change broken;
    broken.begins.push_back(begin(2, {place(file, 1), place(file, 2), place(file, 3)}));
    broken.ends.emplace_back();
    broken.ends.back().id = 2;
    for (const std::uint64_t row : {1, 2, 3}) broken.settled.push_back(confirmed(place(file, row), 2));
    run([&](store& s) {
        const auto applied = s.apply(broken);
        EXPECT_EQ(applied.refused, std::vector<std::size_t>{0});
        EXPECT_EQ(applied.files, std::vector<consent::arrival_number>{file}) << "its other rows are settled";
        EXPECT_EQ(s.attempts().find(2)->confirmed, 2u) << "counts are those of what was written";
    });
}

TEST_F(Store, RecoveryGoesOnWhereTheLedgerStopped) {
    const auto file = add_file(3);
    ledger_change step;
    step.begins.push_back(begin(5, {place(file, 1)}));
    step.low_water = place(file, 0);
    step.meta.emplace_back("daily_remaining", 77);
    step.pauses.push_back({"moving", now, now + minutes(5), "words"});
    run([&](store& s) { s.apply(step); });
    const recovery past = recover();
    EXPECT_EQ(past.next_attempt, 6);
    EXPECT_EQ(past.next_batch, 6);
    EXPECT_EQ(past.low_water, place(file, 0));
    EXPECT_EQ(past.recent_begins.size(), 1u);
    ASSERT_EQ(past.pauses.size(), 1u);
    EXPECT_EQ(past.pauses[0].reason, "moving");
    EXPECT_EQ(past.pauses[0].until, now + minutes(5));
    ASSERT_EQ(past.stored.size(), 1u);
    EXPECT_EQ(past.stored[0], std::pair(place(file, 1), place(file, 3)));
    EXPECT_NE(
        std::find(past.meta.begin(), past.meta.end(), std::pair<std::string, std::int64_t>("daily_remaining", 77)),
        past.meta.end());
}

TEST_F(Store, AnAttemptThatWasOpenAtACrashIsInterruptedAndItsKeysAreUnquiet) {
    const auto file = add_file(3);
    ledger_change step;
    step.begins.push_back(begin(5, {place(file, 1), place(file, 3)}));
    run([&](store& s) { s.apply(step); });
    const recovery past = recover(now + minutes(2));
    EXPECT_EQ(past.interrupted, 1u);
    ASSERT_EQ(past.late_writes.size(), 2u);
    EXPECT_EQ(past.late_writes[0].quiet_at, now + minutes(12));
    run([&](store& s) {
        const auto attempt = s.attempts().find(5);
        EXPECT_EQ(attempt->outcome, "interrupted");
        EXPECT_EQ(attempt->unsettled, std::to_string(file) + ":1,3");
        EXPECT_EQ(attempt->duration, minutes(2));
    });
    EXPECT_EQ(recover().interrupted, 0u) << "once";
    EXPECT_EQ(bulk(place()).changes.size(), 3u) << "its rows are still to be sent";
}

TEST_F(Store, AnInterruptedAssertionDoesNotForgetThatItsChangeWasConfirmed) {
    const auto file = add_file(1);
    late_write known;
    known.hash = consent::hash_key(who(1), 7, consent::channel::email);
    known.change = place(file, 1);
    known.confirmed = true;
    ledger_change step;
    step.late_writes.push_back(known);
    step.begins.push_back(begin(5, {place(file, 1)}));
    step.begins[0].assertion = true;
    run([&](store& s) { s.apply(step); });
    const recovery past = recover();
    ASSERT_EQ(past.late_writes.size(), 1u);
    EXPECT_TRUE(past.late_writes[0].confirmed);
    EXPECT_EQ(past.late_writes[0].quiet_at, now + minutes(10));
}

TEST_F(Store, DutiesAreKeptUntilTheyEnd) {
    late_write duty;
    duty.hash = 0xffff'ffff'ffff'fff7;
    duty.change = place(3, 4);
    duty.quiet_at = now;
    duty.opt_out = true;
    ledger_change put;
    put.late_writes.push_back(duty);
    run([&](store& s) { s.apply(put); });
    auto past = recover();
    ASSERT_EQ(past.late_writes.size(), 1u);
    EXPECT_EQ(past.late_writes[0].hash, duty.hash);
    EXPECT_TRUE(past.late_writes[0].opt_out);
    ledger_change gone;
    gone.quiet.emplace_back(duty.hash, duty.change);
    run([&](store& s) { s.apply(gone); });
    EXPECT_TRUE(recover().late_writes.empty());
}

TEST_F(Store, DeferredChangesAreMetAgainAfterARestart) {
    const auto file = add_file(2);
    ledger_change step;
    step.deferred.emplace_back(7, place(file, 2));
    run([&](store& s) { s.apply(step); });
    recover();
    run([&](store& s) { EXPECT_FALSE(s.changes().any_deferred(7)); });
    EXPECT_EQ(bulk(place()).changes.size(), 2u);
}

TEST_F(Store, ApplySaysWhichFilesAreThrough) {
    const auto file = add_file(2);
    const auto reading = add_file(1, false, 50);
    ledger_change step;
    step.settled = {confirmed(place(file, 1)), confirmed(place(reading, 1))};
    run([&](store& s) { EXPECT_TRUE(s.apply(step).files.empty()); });
    step.settled = {confirmed(place(file, 2))};
    run([&](store& s) { EXPECT_EQ(s.apply(step).files, std::vector<consent::arrival_number>{file}); });
}

TEST_F(Store, RowsOfReadNeighboursAreOneRangeAndGatedFilesAreLeftOut) {
    const auto a = add_file(2);
    const auto b = add_file(3, false, 10);
    const auto c = add_file(4, true, 20);
    const auto gated = add_file(1, true, 30);
    const auto e = add_file(1, true, 40);
    const auto released = add_file(2, true, 50);
    run([&](store& s) {
        s.files().set_gate(gated, file_gate::check);
        s.files().set_gate(released, file_gate::released);
    });
    const recovery past = recover();
    ASSERT_EQ(past.stored.size(), 3u);
    EXPECT_EQ(past.stored[0], std::pair(place(a, 1), place(b, 3)));
    EXPECT_EQ(past.stored[1], std::pair(place(c, 1), place(c, 4)));
    EXPECT_EQ(past.stored[2], std::pair(place(e, 1), place(released, 2)));
    ASSERT_EQ(past.released.size(), 1u);
    EXPECT_EQ(past.released[0], std::pair(place(released, 1), place(released, 2)));
}

TEST_F(Store, ReturningRowsAreSupersededByWhatCameSinceTheirOriginal) {
    const auto original = add_file(3);
    const auto between = add_file(0, false);
    new_row bad = make_row(place(between, 2), who(2));
    bad.invalid = reason{"invalid", "", "", {}};
    append(between, {make_row(place(between, 1), "P1@X.org", status_state::unsubscribed), bad}, 2);
    end(between);
    const auto again = add_file(0, false);
    std::vector<new_row> rows;
    for (std::uint64_t n = 1; n <= 3; ++n) {
        rows.push_back(make_row(place(again, n), who(n)));
        rows.back().original = place(original, n);
    }
    append(again, rows, 3);
    end(again);
    run([&](store& s) { EXPECT_EQ(s.newer().supersede_returning(again), 1u); });
    run([&](store& s) {
        const auto found = s.changes().fetch(std::vector{place(again, 1), place(again, 2), place(again, 3)});
        EXPECT_TRUE(found[0].settled) << "an opt-out came since";
        EXPECT_FALSE(found[1].settled) << "an invalid opt-in asked HubSpot for nothing";
        EXPECT_FALSE(found[2].settled);
    });
}

TEST_F(Store, ReleasedRowsAreSupersededByAnyNewerChangeButOptOutsAreLeftToTheLanes) {
    const auto held = add_file(2);
    append(held, {make_row(place(held, 3), who(3), status_state::unsubscribed)}, 3);
    add_file(3);  // the same people
    run([&](store& s) { EXPECT_EQ(s.newer().supersede_released(held), 2u); });
    run([&](store& s) { EXPECT_FALSE(s.changes().fetch(std::vector{place(held, 3)})[0].settled); });
}

TEST(Progress, IsToldWhileLongWorkGoesOnUntilItIsNoLongerWanted) {
    int told = 0;
    auto opened = store::open(":memory:", [&told] { ++told; });
    ASSERT_FALSE(opened.has_error());
    const auto work = [](store& s) {
        std::vector<file_record> files(20'000);
        s.files().add(files);
    };
    ASSERT_FALSE((*opened)->transact(work).has_error());
    EXPECT_GT(told, 0);
    (*opened)->on_progress({});
    told = 0;
    ASSERT_FALSE((*opened)->transact(work).has_error());
    EXPECT_EQ(told, 0);
}

TEST(StoreErrors, SayWhatHappenedWhereAndWhatToDo) {
    const auto opened = store::open("/no/such/folder/ledger.db");
    ASSERT_TRUE(opened.has_error());
    const std::string& words = opened.error().message;
    EXPECT_NE(words.find("ledger /no/such/folder/ledger.db: opening the database: "), std::string::npos) << words;
    EXPECT_NE(words.find("see that its folder is there, and that this user may read and write it"), std::string::npos)
        << words;
}

// A commit that failed may be on disk all the same; whoever tries again must not do it twice.

class CommitMark : public LedgerTest {};

TEST_F(CommitMark, WorkThatIsOnDiskIsNotRunAgain) {
    int runs = 0;
    const auto work = [&runs](store& s) {
        ++runs;
        s.duties().put_meta("x", runs);
    };
    ASSERT_FALSE(store_->transact(work, 7).has_error());
    ASSERT_FALSE(store_->transact(work, 7).has_error());
    EXPECT_EQ(runs, 1);
    ASSERT_FALSE(store_->transact(work, 8).has_error());
    EXPECT_EQ(runs, 2);
}

TEST_F(CommitMark, WorkThatFailedIsRunAgain) {
    int runs = 0;
    const auto work = [&runs](store& s) {
        s.duties().put_meta("x", 1);
        if (++runs == 1) throw database_error(base::errc::io, "the disk failed");
    };
    EXPECT_TRUE(store_->transact(work, 7).has_error());
    EXPECT_FALSE(store_->transact(work, 7).has_error());
    EXPECT_EQ(runs, 2);
}

TEST_F(CommitMark, WorkThatChangesNothingIsRunAtEachTry) {
    int runs = 0;
    const auto work = [&runs](store& s) {
        ++runs;
        s.files().open_files();
    };
    ASSERT_FALSE(store_->transact(work, 7).has_error());
    ASSERT_FALSE(store_->transact(work, 7).has_error());
    EXPECT_EQ(runs, 2);
    run([](store& s) { EXPECT_EQ(s.duties().meta("commit_mark", 0), 0); });
}

}  // namespace
}  // namespace consent_sync::ledger
