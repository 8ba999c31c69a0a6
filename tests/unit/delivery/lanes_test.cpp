#include "delivery/lanes.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace consent_sync::delivery {
namespace {

using consent::place;
using consent::status_state;

constexpr base::steady_time now = base::steady_time(std::chrono::hours(1));

class LanesTest : public testing::Test {
  protected:
    ledger::fetched_change make(place id, const std::string& who, status_state state) {
        ledger::fetched_change f;
        f.change.id = id;
        f.change.subscriber = who;
        f.change.subscription = 7;
        f.change.state = state;
        f.hash = consent::hash_key(f.change);
        return f;
    }
    void admit_in(int row, const std::string& who = "ann@x.org") {
        l.admit(make(place(1, static_cast<std::uint64_t>(row)), who, status_state::subscribed), now, out);
    }
    void admit_out(int row, const std::string& who = "ann@x.org") {
        l.admit(make(place(1, static_cast<std::uint64_t>(row)), who, status_state::unsubscribed), now, out);
    }
    // The row of the next change of the lane; 0: none.
    std::uint64_t take(lane of, ledger::batch_id batch = 1) {
        std::uint64_t row = 0;
        l.take(of, batch, [&](consent::change&& taken, consent::key_hash) {
            row = taken.id.row();
            busy[{batch, taken.id}] = std::move(taken);
        });
        return row;
    }
    consent::key_hash hash(const std::string& who = "ann@x.org") {
        return consent::hash_key(who, 7, consent::channel::email);
    }

    std::map<std::pair<ledger::batch_id, place>, consent::change> busy;
    std::size_t waiting_max = 3;
    lanes l{waiting_max, [this](ledger::batch_id b, place p) {
                const auto found = busy.find({b, p});
                return found == busy.end() ? nullptr : &found->second;
            }};
    lane_effects out;
};

// While sending is paused the front of a lane stays, and behind it changes replace each other.
TEST_F(LanesTest, WhatIsSupersededBehindAChangeThatStaysTakesNoRoom) {
    admit_out(1, "first@x.org");
    admit_in(2, "last@x.org");
    for (int row = 3; row < 100'000; ++row) {
        admit_out(row, "ann@x.org");
        if (row % 3 == 0) admit_in(row + 200'000, "bob" + std::to_string(row) + "@x.org");
        if (row % 3 == 0) admit_out(row + 400'000, "bob" + std::to_string(row) + "@x.org");
        out = {};
        ASSERT_LT(l.held(lane::opt_out), 2 * l.ready(lane::opt_out) + 1'100);
        ASSERT_LT(l.held(lane::bulk), 2 * l.ready(lane::bulk) + 1'100);
    }
    EXPECT_EQ(l.ready(lane::bulk), 1U);
    EXPECT_EQ(take(lane::bulk, 2), 2U);
    EXPECT_EQ(take(lane::bulk, 2), 0U);
    EXPECT_EQ(take(lane::opt_out), 1U);
    std::uint64_t before = 0;
    std::size_t bobs = 0;
    bool ann = false;
    for (std::uint64_t row = take(lane::opt_out); row != 0; row = take(lane::opt_out)) {
        if (row == 99'999) {
            ann = true;
            continue;
        }
        EXPECT_GT(row, before);
        before = row;
        ++bobs;
    }
    EXPECT_TRUE(ann);
    EXPECT_EQ(bobs, 33'333U);
    EXPECT_EQ(l.held(lane::opt_out), 0U);
}

TEST_F(LanesTest, ChangesOfDifferentKeysAreReadyInOrder) {
    admit_in(1, "a@x.org");
    admit_in(2, "b@x.org");
    admit_out(3, "c@x.org");
    EXPECT_EQ(l.ready(lane::bulk), 2u);
    EXPECT_EQ(l.ready(lane::opt_out), 1u);
    EXPECT_EQ(take(lane::bulk), 1u);
    EXPECT_EQ(take(lane::bulk), 2u);
    EXPECT_EQ(take(lane::bulk), 0u);
    EXPECT_EQ(take(lane::opt_out), 3u);
}

TEST_F(LanesTest, OfOneKeyOneAtATime) {
    admit_in(1);
    admit_in(2);
    EXPECT_EQ(l.ready(lane::bulk), 1u);
    EXPECT_EQ(l.waiting(), 1u);
    EXPECT_EQ(take(lane::bulk), 1u);
    EXPECT_EQ(take(lane::bulk), 0u);
    l.release(hash(), now, out);
    EXPECT_EQ(take(lane::bulk), 2u);
}

TEST_F(LanesTest, TheCaseOfAnAddressMakesNoOtherKey) {
    admit_in(1, "Ann@X.org");
    admit_in(2, "ann@x.ORG");
    EXPECT_EQ(take(lane::bulk), 1u);
    EXPECT_EQ(take(lane::bulk), 0u);
}

TEST_F(LanesTest, AnOptOutSupersedesEveryOlderWaitingChangeOfItsKey) {
    admit_in(1);
    admit_in(2);
    admit_out(3);
    admit_in(4, "bob@x.org");
    ASSERT_EQ(out.superseded.size(), 2u);
    EXPECT_EQ(out.superseded[0].change.id, place(1, 1));
    EXPECT_EQ(out.superseded[0].by, place(1, 3));
    EXPECT_EQ(l.ready(lane::bulk), 1u);
    EXPECT_EQ(take(lane::opt_out), 3u);
    EXPECT_EQ(take(lane::bulk), 4u);
    EXPECT_EQ(l.waiting(), 0u);
}

TEST_F(LanesTest, AnOptOutWaitsForItsKeysRequestOnTheWireOnly) {
    admit_in(1);
    EXPECT_EQ(take(lane::bulk, 9), 1u);
    admit_out(2);
    EXPECT_TRUE(out.superseded_in_batch.empty());
    EXPECT_EQ(take(lane::opt_out), 0u);
    l.release(hash(), now, out);
    EXPECT_EQ(take(lane::opt_out), 2u);
}

TEST_F(LanesTest, AnOptOutTakesAnOlderChangeOutOfABatchThatWaits) {
    admit_in(1);
    take(lane::bulk, 9);
    l.move(hash(), 9, true);
    admit_out(2);
    ASSERT_EQ(out.superseded_in_batch.size(), 1u);
    EXPECT_EQ(out.superseded_in_batch[0].batch, 9);
    EXPECT_EQ(out.superseded_in_batch[0].older, place(1, 1));
    EXPECT_EQ(out.superseded_in_batch[0].by, place(1, 2));
}

TEST_F(LanesTest, AnOlderChangeThatComesAfterItsKeysOptOutIsTooLate) {
    admit_out(5);
    admit_in(3);
    ASSERT_EQ(out.superseded.size(), 1u);
    EXPECT_EQ(out.superseded[0].by, place(1, 5));
    EXPECT_EQ(take(lane::opt_out), 5u);
    admit_in(4);
    EXPECT_EQ(out.superseded.size(), 2u) << "also while it is on the wire";
}

TEST_F(LanesTest, NewerChangesStayBehindAnOptOut) {
    admit_out(1);
    admit_in(2);
    EXPECT_TRUE(out.superseded.empty());
    EXPECT_EQ(take(lane::bulk), 0u);
    EXPECT_EQ(take(lane::opt_out), 1u);
    l.release(hash(), now, out);
    EXPECT_EQ(take(lane::bulk), 2u);
}

TEST_F(LanesTest, WhatAnOptOutOvertookIsSupersededAtOnce) {
    auto late = make(place(1, 1), "ann@x.org", status_state::subscribed);
    late.overtaken_by = place(2, 7);
    l.admit(std::move(late), now, out);
    ASSERT_EQ(out.superseded.size(), 1u);
    EXPECT_EQ(out.superseded[0].by, place(2, 7));
    EXPECT_FALSE(l.watch(hash()));
}

TEST_F(LanesTest, TheSameChangeTwiceIsAdmittedOnce) {
    admit_in(1);
    admit_in(1);
    EXPECT_EQ(l.ready(lane::bulk), 1u);
    EXPECT_EQ(l.waiting(), 0u);
    take(lane::bulk);
    admit_in(1);
    l.release(hash(), now, out);
    EXPECT_EQ(take(lane::bulk), 0u);
}

TEST_F(LanesTest, BeyondTheBoundChangesGoBackToTheLedgerInOrder) {
    for (int row = 1; row <= 10; ++row) admit_in(row);
    EXPECT_EQ(l.waiting(), 3u);
    ASSERT_EQ(out.deferred.size(), 6u);
    EXPECT_EQ(out.deferred.front().second, place(1, 5));
    EXPECT_TRUE(l.has_deferred(hash()));
    for (int row = 1; row <= 4; ++row) {
        EXPECT_EQ(take(lane::bulk), static_cast<std::uint64_t>(row));
        l.release(hash(), now, out);
    }
    ASSERT_EQ(out.wanted.size(), 1u) << "the key is free and the ledger holds the rest";
    std::vector<ledger::fetched_change> back;
    back.push_back(make(place(1, 5), "ann@x.org", status_state::subscribed));
    back.push_back(make(place(1, 6), "ann@x.org", status_state::subscribed));
    admit_in(11);
    EXPECT_EQ(out.deferred.back().second, place(1, 11)) << "not past those that are being fetched";
    l.admit_deferred(hash(), std::move(back), false, now, out);
    EXPECT_EQ(take(lane::bulk), 5u);
    l.release(hash(), now, out);
    EXPECT_EQ(take(lane::bulk), 6u);
    l.release(hash(), now, out);
    EXPECT_EQ(out.wanted.size(), 2u);
}

TEST_F(LanesTest, OptOutsAreNeverDeferred) {
    for (int row = 1; row <= 10; ++row) admit_in(row);
    const auto deferred = out.deferred.size();
    admit_out(11);
    EXPECT_EQ(out.deferred.size(), deferred);
    EXPECT_EQ(take(lane::opt_out), 11u);
    l.release(hash(), now, out);
    EXPECT_EQ(out.wanted.size(), 1u) << "the deferred ones are met, and superseded by the overtake on record";
}

TEST_F(LanesTest, AKeyCanBeOccupiedOnlyWhileItIsFree) {
    EXPECT_TRUE(l.occupy(hash(), place(1, 1), 3));
    EXPECT_FALSE(l.occupy(hash(), place(1, 1), 4));
    admit_in(2);
    EXPECT_EQ(take(lane::bulk), 0u);
    l.release(hash(), now, out);
    EXPECT_FALSE(l.occupy(hash(), place(1, 1), 5)) << "a change of it waits";
    EXPECT_EQ(take(lane::bulk), 2u);
}

TEST_F(LanesTest, SaysWhenAWatchedKeyIsThrough) {
    EXPECT_FALSE(l.watch(hash())) << "nothing of it is here";
    admit_in(1);
    admit_in(2);
    admit_in(3, "bob@x.org");
    EXPECT_TRUE(l.watch(hash()));
    EXPECT_EQ(take(lane::bulk), 1u);
    EXPECT_EQ(take(lane::bulk), 3u);
    l.release(hash(), now, out);
    EXPECT_TRUE(out.through.empty()) << "another change of it waits";
    EXPECT_EQ(take(lane::bulk), 2u);
    l.release(hash("bob@x.org"), now, out);
    EXPECT_TRUE(out.through.empty()) << "nobody asked for this one";
    l.release(hash(), now, out);
    EXPECT_EQ(out.through, std::vector<consent::key_hash>{hash()});
    EXPECT_FALSE(l.watch(hash()));
}

TEST_F(LanesTest, KeepsNothingOfKeysThatAreThrough) {
    admit_in(1);
    take(lane::bulk);
    l.release(hash(), now, out);
    EXPECT_FALSE(l.watch(hash()));
}

TEST_F(LanesTest, OneKeyKeepsNoMoreInMemoryThanIsWalkedThrough) {
    waiting_max = 1'000'000;
    lanes roomy(waiting_max, [](ledger::batch_id, place) { return nullptr; });
    const int rows = static_cast<int>(lanes::waiting_of_key_max) + 20;
    for (int row = 1; row <= rows; ++row)
        roomy.admit(make(place(1, static_cast<std::uint64_t>(row)), "ann@x.org", status_state::subscribed), now, out);
    ASSERT_EQ(out.deferred.size(), 20u);
    EXPECT_EQ(out.deferred.front().second, place(1, lanes::waiting_of_key_max + 1));
    roomy.admit(make(place(1, 2'000'000), "bob@x.org", status_state::subscribed), now, out);
    EXPECT_EQ(roomy.ready(lane::bulk), 2u) << "another key is not stopped by it";
}

}  // namespace
}  // namespace consent_sync::delivery
