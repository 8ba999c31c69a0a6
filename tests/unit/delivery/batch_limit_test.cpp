#include "delivery/batch_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace consent_sync::delivery {
namespace {

// Full batches are accepted until a larger one is given out; how many it took.
int full_batches_until_the_trial(batch_limit& limit) {
    int count = 0;
    while (limit.next_batch() == limit.changes()) {
        limit.filled(limit.changes());
        EXPECT_FALSE(limit.accepted(limit.changes()));
        if (++count > 100'000) return -1;
    }
    limit.filled(limit.next_batch());
    return count;
}

TEST(BatchLimit, IsHalvedByA413AndByHalvesThatAreTaken) {
    batch_limit limit(100);
    EXPECT_TRUE(limit.too_large(100));
    EXPECT_EQ(limit.changes(), 50u);
    EXPECT_TRUE(limit.taken_in_halves(7));
    EXPECT_EQ(limit.changes(), 4u);
    EXPECT_TRUE(limit.too_large(2));
    EXPECT_EQ(limit.changes(), 1u);
}

TEST(BatchLimit, BatchesThatWereUnderWayLowerItOnce) {
    batch_limit limit(100);
    EXPECT_TRUE(limit.too_large(100));
    for (int i = 0; i < 31; ++i) EXPECT_FALSE(limit.too_large(100));
    EXPECT_EQ(limit.changes(), 50u);
    EXPECT_EQ(full_batches_until_the_trial(limit), 100) << "they were no trials";
}

TEST(BatchLimit, WhatHubSpotTookIsRememberedUntilA413) {
    batch_limit limit(100);
    limit.accepted(80);
    EXPECT_TRUE(limit.has_accepted(80));
    EXPECT_FALSE(limit.has_accepted(81));
    limit.too_large(60);
    EXPECT_FALSE(limit.has_accepted(60));
    EXPECT_TRUE(limit.has_accepted(59));
}

TEST(BatchLimit, OneLargerBatchIsTriedAfterAHundredFullOnes) {
    batch_limit limit(100);
    limit.too_large(100);
    for (int i = 0; i < 1'000; ++i) limit.accepted(49);
    EXPECT_EQ(limit.next_batch(), 50u) << "smaller ones prove nothing";
    EXPECT_EQ(full_batches_until_the_trial(limit), 100);
    EXPECT_EQ(limit.next_batch(), 50u) << "one at a time";
    EXPECT_TRUE(limit.accepted(100));
    EXPECT_EQ(limit.changes(), 100u);
    for (int i = 0; i < 1'000; ++i) limit.accepted(100);
    EXPECT_EQ(limit.next_batch(), 100u) << "never more than configured";
}

TEST(BatchLimit, ABatchThatIsNotFilledIsNoTrial) {
    batch_limit limit(100);
    limit.too_large(100);
    for (int i = 0; i < 100; ++i) limit.accepted(50);
    for (const std::size_t size : {3u, 50u}) {
        EXPECT_EQ(limit.next_batch(), 100u);
        limit.filled(size);
        limit.accepted(size);
    }
    EXPECT_FALSE(limit.too_large(100)) << "one that was under way, and no trial either";
    EXPECT_EQ(limit.next_batch(), 100u);
    limit.filled(51);
    EXPECT_EQ(limit.next_batch(), 50u) << "one at a time";
    EXPECT_TRUE(limit.accepted(51));
    EXPECT_EQ(limit.changes(), 51u);
}

TEST(BatchLimit, TrialsThatFailBecomeRarerAndOnesThatSucceedDoNot) {
    batch_limit limit(100);
    limit.too_large(100);
    limit.too_large(50);
    EXPECT_EQ(limit.changes(), 25u);
    int wanted = 100;
    for (int i = 0; i < 9; ++i) {
        EXPECT_EQ(full_batches_until_the_trial(limit), wanted);
        EXPECT_FALSE(i % 2 == 0 ? limit.too_large(50) : limit.taken_in_halves(50));
        EXPECT_EQ(limit.changes(), 25u);
        wanted = std::min(wanted * 2, 12'800);
    }
    EXPECT_EQ(full_batches_until_the_trial(limit), 12'800);
    EXPECT_TRUE(limit.accepted(50));
    EXPECT_EQ(full_batches_until_the_trial(limit), 100);
}

TEST(BatchLimit, OnlyAnotherNumberInTheConfigurationForgetsWhatWasLearnt) {
    batch_limit limit(100);
    limit.too_large(100);
    limit.configure(100);
    EXPECT_EQ(limit.changes(), 50u);
    limit.configure(80);
    EXPECT_EQ(limit.changes(), 80u);
}

}  // namespace
}  // namespace consent_sync::delivery
