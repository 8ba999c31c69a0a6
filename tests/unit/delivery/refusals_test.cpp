#include "delivery/refusals.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RefusalsTest : public testing::Test {
  protected:
    // Refused alone; attempts from `since` on began after that.
    batch& one(ledger::attempt_id since = 10) {
        batch& b = all.make();
        b.content.add({}, 0);
        b.past.alone = 1;
        b.past.alone_since = since;
        return b;
    }
    static base::steady_time at(int second) { return base::steady_time(seconds(second)); }
    void refuse(std::size_t times, bool known, int second) {
        for (std::size_t i = 0; i < times; ++i) r.refused(known, at(second));
    }
    batches all;
    refusals r;
};

TEST_F(RefusalsTest, OnlyRefusalsInARowAreDoubtful) {
    refuse(refusals::doubt_after - 1, false, 0);
    EXPECT_FALSE(r.doubtful());
    r.accepted();
    refuse(refusals::doubt_after - 1, false, 0);
    EXPECT_FALSE(r.doubtful());
    refuse(1, false, 0);
    EXPECT_TRUE(r.doubtful());
    r.accepted();
    EXPECT_FALSE(r.doubtful());
}

TEST_F(RefusalsTest, WhatWasRefusedBeforeTellsNothingOfHubSpot) {
    refuse(10'000, true, 0);
    EXPECT_TRUE(r.any_refused());
    EXPECT_FALSE(r.doubtful());
}

TEST_F(RefusalsTest, ADoubtThatLastsIsARefusalOfEverything) {
    struct row {
        std::size_t refusals;
        int second;
        bool nothing_left, everything;
    };
    constexpr std::size_t after = refusals::doubt_after;
    for (const row& t : {row{after - 1, 60, true, false}, row{after, 9, true, false}, row{after, 10, true, true},
                         row{after, 10, false, false}, row{2 * after - 1, 60, false, false},
                         row{2 * after, 9, false, false}, row{2 * after, 10, false, true}}) {
        r = refusals();
        refuse(t.refusals, false, 0);
        EXPECT_EQ(r.everything_refused(at(t.second), t.nothing_left), t.everything) << t.refusals << ' ' << t.second;
    }
}

TEST_F(RefusalsTest, AnAcceptanceBeginsTheNextTryOfSuspectsThatItBeganAfter) {
    batch& before = one(10);
    batch& after = one(20);
    r.suspect(before);
    r.suspect(after);
    const auto review = r.look_again(15);
    EXPECT_EQ(review.together, std::vector<batch*>{&before});
    EXPECT_TRUE(review.bad.empty());
    EXPECT_EQ(r.suspected(), 1u);
}

TEST_F(RefusalsTest, ASuspectThatWasSentAfterAnAcceptanceIsBad) {
    batch& b = one(10);
    b.last.accepted_newest = 12;
    r.suspect(b);
    EXPECT_EQ(r.look_again(13).bad, std::vector<batch*>{&b});
}

TEST_F(RefusalsTest, AnAccusedChangeWaitsForTheOthersOfItsBatch) {
    batch& b = one(10);
    b.past.alone = 0;
    b.past.refused = std::make_shared<refusal>();
    b.past.refused->size = 2;
    b.past.refused->named.push_back(b.content[0].id);
    r.suspect(b);
    EXPECT_TRUE(r.look_again(100).again.empty());
    EXPECT_EQ(r.suspected(), 1u);
    b.past.refused->accept(consent::place(7, 7));
    EXPECT_EQ(r.look_again(101).bad, std::vector<batch*>{&b});
}

TEST_F(RefusalsTest, AnAccusedChangeGoesAloneWhereTheOthersAreRefusedToo) {
    batch& b = one(10);
    b.past.alone = 0;
    b.past.refused = std::make_shared<refusal>();
    b.past.refused->named.push_back(b.content[0].id);
    b.past.refused->unexplained = true;
    r.suspect(b);
    EXPECT_EQ(r.look_again(5).again, std::vector<batch*>{&b});
}

TEST_F(RefusalsTest, WithNothingElseOneOfThemGoesAgainEverMoreRarely) {
    r.suspect(one());
    r.suspect(one());
    int now = 0;
    for (const int wait : {1, 2, 4, 8, 16, 16}) {
        EXPECT_TRUE(r.try_again(at(now), minutes(1)).empty());
        now += 60 * wait;
        EXPECT_TRUE(r.try_again(at(now - 1), minutes(1)).empty());
        const auto due = r.try_again(at(now), minutes(1));
        ASSERT_EQ(due.size(), 1u) << wait;
        EXPECT_EQ(r.undecided(), wait == 4) << "told once";
        r.suspect(*due[0]);
    }
}

TEST_F(RefusalsTest, NamedOnesGoAgainAfterTenSeconds) {
    batch& b = one();
    b.past.named = true;
    r.suspect(b);
    EXPECT_TRUE(r.try_again(at(0), minutes(1)).empty());
    EXPECT_EQ(r.try_again(at(10), minutes(1)).size(), 1u);
}

TEST_F(RefusalsTest, WhatIsKeptBackComesInItsTime) {
    batch& opt_in = one();
    batch& opt_out = all.make();
    consent::change c;
    c.state = consent::status_state::unsubscribed;
    opt_out.content.add(std::move(c), 1);
    r.keep(opt_in, at(0));
    r.keep(opt_out, at(0));
    EXPECT_EQ(r.next_kept(), at(10));
    EXPECT_TRUE(r.take_kept(at(9)).empty());
    EXPECT_EQ(r.take_kept(at(10)), std::vector<batch*>{&opt_out});
    EXPECT_EQ(r.next_kept(), at(60));
    EXPECT_EQ(r.take_one_kept(), &opt_in);
    EXPECT_EQ(r.kept(), 0u);
    for (std::size_t i = 0; i < refusals::kept_most; ++i) r.keep(one(), at(0));
    EXPECT_FALSE(r.may_keep());
}

TEST_F(RefusalsTest, WhatEndedIsForgotten) {
    batch& suspect = one();
    batch& kept = one();
    r.suspect(suspect);
    r.keep(kept, at(0));
    r.forget(suspect);
    r.forget(kept);
    EXPECT_EQ(r.suspected() + r.kept(), 0u);
}

}  // namespace
}  // namespace consent_sync::delivery
