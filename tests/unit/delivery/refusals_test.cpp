#include "delivery/refusals.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using std::chrono::seconds;

class RefusalsTest : public testing::Test {
  protected:
    std::unique_ptr<batch> one(std::uint32_t refused_alone = 1) {
        auto b = std::make_unique<batch>();
        b->id = ++last;
        b->refused_alone = refused_alone;
        b->changes.emplace_back();
        return b;
    }
    static base::steady_time at(int second) { return base::steady_time(seconds(second)); }
    ledger::batch_id last = 100;
    refusals r;
};

TEST_F(RefusalsTest, OnlyRefusalsInARowAreDoubtful) {
    for (std::size_t i = 1; i < refusals::doubt_after; ++i) r.refused(false);
    EXPECT_FALSE(r.doubtful());
    r.accepted();
    for (std::size_t i = 1; i < refusals::doubt_after; ++i) r.refused(false);
    EXPECT_FALSE(r.doubtful());
    r.refused(false);
    EXPECT_TRUE(r.doubtful());
    EXPECT_FALSE(r.everything_refused());
    for (std::size_t i = refusals::doubt_after; i < refusals::pause_after; ++i) r.refused(false);
    EXPECT_TRUE(r.everything_refused());
    r.accepted();
    EXPECT_FALSE(r.doubtful());
}

TEST_F(RefusalsTest, WhatWasRefusedBeforeTellsOfHubSpotOnlyInGreatNumber) {
    for (std::size_t i = 1; i < refusals::pause_after_any; ++i) r.refused(true);
    EXPECT_FALSE(r.doubtful());
    EXPECT_FALSE(r.everything_refused());
    r.refused(true);
    EXPECT_TRUE(r.everything_refused());
}

TEST_F(RefusalsTest, FewChangesAloneOrFewRequestsAreNotEverything) {
    for (std::size_t i = 1; i < refusals::alone_least; ++i) r.add({one(), {"VALIDATION_ERROR", "no"}, ""});
    for (int i = 0; i < 5; ++i) r.refused(false);
    EXPECT_FALSE(r.all_alone());
    r.add({one(), {"VALIDATION_ERROR", "the last"}, ""});
    EXPECT_TRUE(r.all_alone());
    EXPECT_EQ(r.last_words(), "the last");
    r.accepted();
    EXPECT_FALSE(r.all_alone()) << "one answer that refuses ten by name is about these ten";
}

TEST_F(RefusalsTest, FollowersComeWithTheirFirst) {
    r.follow({1, one(), at(5), true, false, {}, {}});
    r.follow({2, one(), at(6), false, true, {}, {}});
    r.follow({1, one(), at(7), false, false, {}, {}});
    EXPECT_EQ(r.oldest_urgent(), at(6)) << "the others wait as long as it takes";
    EXPECT_EQ(r.take_followers(1).size(), 2u);
    EXPECT_TRUE(r.take_followers(1).empty());
    EXPECT_TRUE(r.take_urgent_since(at(5)).empty());
    EXPECT_EQ(r.take_urgent_since(at(6)).size(), 1u);
}

TEST_F(RefusalsTest, OnlyUrgentFollowersEndTheirWaitEarly) {
    r.follow({1, one(), at(5), false, false, {}, {}});
    r.follow({1, one(), at(5), false, true, {}, {}});
    const auto taken = r.take_urgent_since(at(9));
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_TRUE(taken[0].urgent);
    EXPECT_FALSE(r.oldest_urgent());
    EXPECT_EQ(r.take_followers(1).size(), 1u) << "the other one still waits for its first";
}

TEST_F(RefusalsTest, TheReserveEndsByItsTimeOrOneByOne) {
    for (int i = 1; i <= 3; ++i) r.keep_back({one(), at(i)});
    EXPECT_EQ(r.next_of_reserve(), at(1));
    EXPECT_EQ(r.take_reserve(at(1)).size(), 1u);
    EXPECT_TRUE(r.take_one_of_reserve());
    EXPECT_EQ(r.reserve(), 1u);
}

TEST_F(RefusalsTest, WhateverIsAsideIsFoundByItsBatch) {
    r.add({one(), {}, ""});
    r.follow({1, one(), at(0), true, false, {}, {}});
    r.keep_back({one(), at(1)});
    for (const ledger::batch_id id : {101, 102, 103}) {
        const auto taken = r.take(id);
        ASSERT_TRUE(taken);
        EXPECT_EQ(taken->id, id);
        EXPECT_FALSE(r.take(id));
    }
}

TEST_F(RefusalsTest, NamedOnceMore) {
    r.add({one(1), {}, "", true});
    EXPECT_TRUE(r.any_named());
    EXPECT_FALSE(r.any_named_again());
    r.add({one(2), {}, "", true});
    EXPECT_TRUE(r.any_named_again());
}

TEST(RefusedBatch, CountsWhatWasNotNamedByItself) {
    refused_batch whole;
    whole.named = {consent::place(1, 3)};
    whole.accept(consent::place(1, 3));
    whole.accept(consent::place(1, 4));
    EXPECT_EQ(whole.accepted, 2u);
    EXPECT_EQ(whole.unnamed_accepted, 1u);
}

}  // namespace
}  // namespace consent_sync::delivery
