#include "ledger/store.hpp"

#include <cstdio>

#include "ledger/schema.hpp"
#include "ledger/status_queries.hpp"
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

TEST(Schema, MakesANewLedgerAndOpensItAgain) {
    temporary_folder folder;
    for (int i = 0; i < 2; ++i) {
        const auto opened = store::open(folder.path + "/ledger.db");
        ASSERT_FALSE(opened.has_error()) << opened.error().message;
    }
    database db(folder.path + "/ledger.db", database::access::read_only);
    statement version = db.prepare("PRAGMA user_version");
    version.step();
    EXPECT_EQ(version.integer(0), schema_version);
}

void make_rows_of_version_2(database& old) {
    old.execute(
        "DROP TABLE row_blocks; DROP TABLE verdict_blocks; CREATE TABLE changes (id INTEGER PRIMARY KEY, "
        "subscriber TEXT, subscription INTEGER, channel INTEGER, state INTEGER, basis INTEGER, explanation TEXT, "
        "original INTEGER, offset INTEGER NOT NULL, verdict INTEGER NOT NULL, reason INTEGER NOT NULL, attempt "
        "INTEGER, hubspot_at INTEGER); "
        "CREATE INDEX changes_unsent_opt_outs ON changes(id) WHERE verdict = 0 AND state = 2;"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300) INSERT INTO changes "
        "SELECT (1<<32)+i, 'p'||i||'@x.org', 7, 1, iif(i%10=0,2,1), 5, 'at the fair', NULL, i*10, iif(i<=100,1,0), "
        "iif(i<=100,2,0), iif(i<=100,9,NULL), iif(i<=100,1767000000000,NULL) FROM n");
}

void forget_version_6(database& db) {
    db.execute(
        "DROP INDEX files_together; DROP INDEX files_continuing; ALTER TABLE files DROP COLUMN completeness; "
        "ALTER TABLE files DROP COLUMN together; ALTER TABLE files DROP COLUMN continues; "
        "ALTER TABLE files DROP COLUMN open_row");
}

// Ledgers of older versions, with a file and rows in it, get what this one needs and keep what they have.
TEST(Schema, BringsAnOlderLedgerUpToDate) {
    for (const int version : {1, 2, 3}) {
        temporary_folder folder;
        const std::string path = folder.path + "/ledger.db";
        {
            auto made = store::open(path);
            ASSERT_FALSE(made.has_error()) << made.error().message;
            file_record file;
            file.name = file.stored_name = "a.csv";
            ASSERT_FALSE((*made)
                             ->transact([&](store& s) {
                                 s.files().add({&file, 1});
                                 s.files().claimed(file);
                                 s.files().begin_reading(1, "", std::nullopt);
                                 s.files().progress(1, 300, 3'000, 0);
                                 s.files().end_reading({1, {}, "", "", 0, 0});
                             })
                             .has_error());
        }
        database old(path, database::access::read_write);
        forget_version_6(old);
        old.execute(
            "DROP TABLE overtakes; CREATE TABLE overtakes (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL); "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<250) INSERT INTO overtakes "
            "SELECT (9<<32)+i, -(i<<32) FROM n");
        if (version < 3) make_rows_of_version_2(old);
        if (version == 1) old.execute("DROP INDEX files_unread; DROP INDEX files_passed; DROP INDEX files_settled");
        old.execute(("PRAGMA user_version=" + std::to_string(version)).c_str());
        const auto too_early = status_reader::open(path);
        ASSERT_TRUE(too_early.has_error());
        EXPECT_NE(too_early.error().message.find("the daemon brings it up to date when it starts"), std::string::npos);
        const auto opened = store::open(path);
        ASSERT_FALSE(opened.has_error()) << opened.error().message;
        EXPECT_FALSE(status_reader::open(path).has_error());
        const auto looked = (*opened)->transact([&](store& s) {
            EXPECT_TRUE(s.files().find(1));
            EXPECT_EQ(s.ahead().size(), 250u);
            EXPECT_EQ(s.ahead().find(static_cast<consent::key_hash>(-250) << 32), consent::place(9, 250));
            if (version == 3) return;
            EXPECT_EQ(s.files().bulk_bound(), consent::place(1, consent::place::row_max));
            const auto bulk = s.changes().fetch_bulk({}, consent::place(INT64_MAX), 1'000).changes;
            ASSERT_EQ(bulk.size(), 180u);
            EXPECT_EQ(bulk[0].change.id, consent::place(1, 101));
            EXPECT_EQ(bulk[0].change.subscriber, "p101@x.org");
            EXPECT_EQ(bulk[0].change.explanation, "at the fair");
            EXPECT_EQ(bulk[0].change.basis, consent::legal_basis::consent_with_notice);
            EXPECT_EQ(s.changes().fetch_opt_outs({}, consent::place(INT64_MAX), 1'000).changes.size(), 20u);
            const auto settled = s.changes().blocks().find(consent::place(1, 100));
            ASSERT_TRUE(settled && settled->end);
            const row_end expected{consent::verdict::confirmed, consent::success_reason::requested_change_occurred, 9,
                                   1'767'000'000'000};
            EXPECT_EQ(*settled->end, expected);
        });
        EXPECT_FALSE(looked.has_error());
        statement gone =
            old.prepare("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'changes%' OR name LIKE 'old_%'");
        gone.run_with();
        ASSERT_TRUE(gone.step());
        EXPECT_EQ(gone.integer(0), 0);
    }
}

// What an older ledger recorded of keys by their hashes is found by those that they have now.
TEST(Schema, KeysWithAnotherNormalFormAreFoundInALedgerOfVersion4) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    const std::vector<std::string> people{"ann@x.org", "b@ex\xc3\xa4mple.com", "b@xn--exmple-cua.com",
                                          "J\xc3\x96rg@x.org"};
    {
        auto made = store::open(path);
        ASSERT_FALSE(made.has_error());
        const auto done = (*made)->transact([&](store& s) {
            file_record file;
            file.name = file.stored_name = "a.csv";
            s.files().add({&file, 1});
            s.files().claimed(file);
            s.files().begin_reading(1, "", std::nullopt);
            std::vector<new_row> rows(people.size());
            for (std::size_t i = 0; i < rows.size(); ++i) {
                rows[i].change.id = consent::place(1, i + 1);
                rows[i].change.subscriber = people[i];
                rows[i].change.subscription = 7;
                rows[i].change.state = consent::status_state::unsubscribed;
            }
            s.changes().append(rows);
            for (std::size_t i = 1; i < people.size(); ++i)
                s.duties().put(late_write{i, consent::place(1, i + 1), {}, true, false, false});
        });
        ASSERT_FALSE(done.has_error()) << done.error().message;
    }
    database db(path, database::access::read_write);
    // By hashes of old: those of the bytes.
    std::vector<std::pair<consent::place, consent::key_hash>> opt_outs{
        {consent::place(1, 1), consent::hash_key("ann@x.org", 7, consent::channel::email)}};
    for (std::size_t i = 1; i < people.size(); ++i) opt_outs.emplace_back(consent::place(1, i + 1), i);
    opt_outs.emplace_back(consent::place(9, 9), 99);
    overtakes(db).add(1, {opt_outs.data(), 2});
    overtakes(db).add(2, {opt_outs.data() + 2, opt_outs.size() - 2});
    forget_version_6(db);
    db.execute("PRAGMA user_version=4");
    const auto opened = store::open(path);
    ASSERT_FALSE(opened.has_error()) << opened.error().message;
    const auto looked = (*opened)->transact([&](store& s) {
        const auto hash = [](const char* who) { return consent::hash_key(who, 7, consent::channel::email); };
        EXPECT_EQ(s.ahead().find(hash("ann@x.org")), consent::place(1, 1));
        EXPECT_EQ(s.ahead().find(hash("B@EX\xc3\x84MPLE.com")), consent::place(1, 3));
        EXPECT_EQ(overtakes(db).find_all(hash("b@xn--exmple-cua.com")).size(), 2u);
        EXPECT_EQ(s.ahead().find(hash("jo\xcc\x88rg@x.org")), consent::place(1, 4));
        EXPECT_EQ(s.ahead().find(99), consent::place(9, 9)) << "its change is gone";
        EXPECT_EQ(s.duties().late_writes_of(hash("b@xn--exmple-cua.com")).size(), 2u);
        EXPECT_EQ(s.duties().late_writes_of(hash("j\xc3\xb6rg@x.org")).size(), 1u);
        EXPECT_EQ(s.duties().late_writes().size(), 3u);
    });
    EXPECT_FALSE(looked.has_error()) << looked.error().message;
}

TEST(Schema, RefusesALedgerOfANewerVersionAndLeavesItAlone) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    { database(path, database::access::read_write).execute("PRAGMA user_version=99"); }
    const auto opened = store::open(path);
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code, base::errc::unsupported);
    EXPECT_NE(opened.error().message.find("newer"), std::string::npos);
}

TEST(Schema, AFileThatIsNoLedgerIsDamaged) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    std::FILE* f = std::fopen(path.c_str(), "w");
    for (int i = 0; i < 200; ++i) std::fputs("this is no database at all\n", f);
    std::fclose(f);
    const auto opened = store::open(path);
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code, base::errc::corrupt);
}

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

TEST_F(Store, AFullDiskLosesNothingAndGoesOnWhenThereIsRoom) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    auto full = store::open(path).value();
    std::vector<file_record> files(1);
    ASSERT_FALSE(full->transact([&](store& s) { s.files().add(files); }).has_error());
    ASSERT_FALSE(full->limit_pages(40).has_error());
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
    ASSERT_FALSE(full->limit_pages(1'000'000).has_error());
    EXPECT_FALSE(full->transact(append).has_error());
}

TEST_F(Store, AStepWithASecondVerdictIsCommittedWithoutIt) {
    const auto file = add_file(3);
    ledger_change first;
    first.begins.push_back(begin(1, {place(file, 1)}));
    first.settled.push_back({place(file, 1), 1, consent::verdict::confirmed, {}, 0, {}});
    run([&](store& s) { EXPECT_TRUE(s.apply(first).refused.empty()); });
    ledger_change broken;
    broken.begins.push_back(begin(2, {place(file, 1), place(file, 2), place(file, 3)}));
    broken.ends.emplace_back();
    broken.ends.back().id = 2;
    for (const std::uint64_t row : {1, 2, 3})
        broken.settled.push_back({place(file, row), 2, consent::verdict::confirmed, {}, 0, {}});
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

}  // namespace
}  // namespace consent_sync::ledger
