#include "ledger/overtakes.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

using consent::place;
using consent::status_state;

class Overtakes : public LedgerTest {};

TEST_F(Overtakes, AnOvertakeSupersedesOlderRowsOfItsKeyUntilTheCursorHasPassed) {
    const auto file = add_file(3);
    const auto newer = add_file(0, false);
    append(newer, {make_row(place(newer, 1), "P2@x.org", status_state::unsubscribed)}, 1);
    end(newer);
    ledger_change step;
    step.begins.push_back(begin(1, {place(newer, 1)}));
    step.begins[0].overtakes.emplace_back(place(newer, 1), consent::hash_key(who(2), 7, consent::channel::email));
    step.settled.push_back(confirmed(place(newer, 1)));
    run([&](store& s) { s.apply(step); });
    const auto found = bulk(place());
    ASSERT_EQ(found.changes.size(), 3u);
    EXPECT_FALSE(found.changes[0].overtaken_by);
    EXPECT_EQ(found.changes[1].overtaken_by, place(newer, 1));
    ledger_change passed;
    passed.low_water = place(newer, 1);
    run([&](store& s) { s.apply(passed); });
    EXPECT_EQ(store_->ahead().size(), 0u);
    EXPECT_FALSE(bulk(place()).changes[1].overtaken_by);
    EXPECT_EQ(bulk(place()).changes.size(), 3u) << file;
}

// One attempt's opt-outs are stored together: some may have been passed while others are not.
TEST_F(Overtakes, OvertakesOfAnAttemptStayUntilTheCursorHasPassedTheNewest) {
    for (attempt_id attempt = 1; attempt <= 2; ++attempt) {
        ledger_change step;
        step.begins.push_back(begin(attempt, {place(7, 1)}));
        for (std::uint64_t n = 1; n <= 100; ++n)
            step.begins[0].overtakes.emplace_back(place(7, n * attempt), consent::key_hash(n * attempt) << 32);
        run([&](store& s) { s.apply(step); });
    }
    EXPECT_EQ(store_->ahead().size(), 150u);
    const auto pass = [&](std::uint64_t row) {
        ledger_change passed;
        passed.low_water = place(7, row);
        run([&](store& s) { s.apply(passed); });
    };
    pass(99);
    EXPECT_EQ(store_->ahead().find(consent::key_hash(99) << 32), place(7, 99));
    pass(100);
    EXPECT_EQ(store_->ahead().find(consent::key_hash(99) << 32), place());
    EXPECT_EQ(store_->ahead().find(consent::key_hash(200) << 32), place(7, 200));
    pass(200);
    EXPECT_EQ(store_->ahead().size(), 0u);
}

TEST(OvertakesOnDisk, ThatWerePassedInATransactionThatFailedAreRemovedByTheNextTry) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    const auto opened = store::open(path);
    ASSERT_FALSE(opened.has_error());
    ledger_change step;
    step.begins.emplace_back().id = 1;
    step.begins[0].overtakes.emplace_back(place(7, 1), 17);
    ASSERT_FALSE((*opened)->transact([&](store& s) { s.apply(step); }).has_error());
    ledger_change passed;
    passed.low_water = place(7, 1);
    bool full = true;
    for (int tries = 0; tries < 2; ++tries, full = false) {
        const auto done = (*opened)->transact([&](store& s) {
            s.apply(passed);
            if (full) throw database_error(base::errc::no_space, "disk full");
        });
        EXPECT_EQ(done.has_error(), full);
    }
    const database db(path, database::access::read_only);
    statement left = db.prepare("SELECT count(*) FROM overtakes");
    ASSERT_TRUE(left.step());
    EXPECT_EQ(left.integer(0), 0);
}

TEST_F(Overtakes, AnOvertakeSupersedesOlderOptOutsOfItsKeyToo) {
    const auto file = add_file(0, false);
    append(file, {make_row(place(file, 1), who(1), status_state::unsubscribed)}, 1);
    end(file);
    const auto newer = add_file(0, false);
    append(newer, {make_row(place(newer, 1), who(1), status_state::unsubscribed)}, 1);
    ledger_change step;
    step.begins.push_back(begin(1, {place(newer, 1)}));
    step.begins[0].overtakes.emplace_back(place(newer, 1), consent::hash_key(who(1), 7, consent::channel::email));
    run([&](store& s) {
        s.apply(step);
        const auto found = s.changes().fetch_opt_outs({}, place(file, 9), 10).changes;
        ASSERT_EQ(found.size(), 1u);
        EXPECT_EQ(found[0].overtaken_by, place(newer, 1));
    });
}

TEST_F(Overtakes, AnOvertakeOfAnotherKeyWithTheSameHashSupersedesNobody) {
    const auto file = add_file(1);
    const auto newer = add_file(1, true, 99);
    ledger_change step;
    step.begins.push_back(begin(1, {place(newer, 1)}));
    step.begins[0].overtakes.emplace_back(place(newer, 1), consent::hash_key(who(1), 7, consent::channel::email));
    run([&](store& s) { s.apply(step); });
    EXPECT_FALSE(bulk(place()).changes[0].overtaken_by) << file;
}

TEST(PlaceTable, KeepsTheNewestPlaceAndRemovesNoNewerOne) {
    place_table table;
    EXPECT_EQ(table.find(5), place());
    table.put(5, place(2, 1));
    table.put(5, place(1, 9));
    EXPECT_EQ(table.find(5), place(2, 1));
    table.remove_up_to(5, place(1, 9));
    EXPECT_EQ(table.find(5), place(2, 1));
    table.remove_up_to(5, place(2, 1));
    EXPECT_EQ(table.find(5), place());
    EXPECT_EQ(table.size(), 0u);
    table.remove_up_to(5, place(2, 1));
}

// Against a map, with hashes that crowd at both ends of the slots, so that entries wrap around and move up.
TEST(PlaceTable, DoesWhatAMapDoes) {
    std::mt19937_64 random(7);
    place_table table;
    std::map<consent::key_hash, place> model;
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t crowd = random() % 3;
        const std::uint64_t upper = crowd == 0   ? random() % 300
                                    : crowd == 1 ? 0xffffff00U + random() % 256
                                                 : random() >> 40;
        const consent::key_hash hash = (upper + (upper == 0)) << 32 | random() % 2;
        const place at(1, random() % 1'000 + 1);
        if (random() % 5 < 3) {
            table.put(hash, at);
            model[hash] = std::max(model[hash], at);
        } else {
            table.remove_up_to(hash, at);
            const auto found = model.find(hash);
            if (found != model.end() && found->second <= at) model.erase(found);
        }
        ASSERT_EQ(table.size(), model.size());
        if (i % 100 != 0) continue;
        for (const auto& [known, where] : model) ASSERT_EQ(table.find(known), where) << i;
    }
    for (const auto& [known, where] : model) table.remove_up_to(known, place(2, 1));
    EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace consent_sync::ledger
