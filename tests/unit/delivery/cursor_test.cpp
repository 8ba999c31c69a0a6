#include "delivery/cursor.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using consent::place;

TEST(LowWater, MovesAPieceAtATimeWhenAllOfItIsSettled) {
    low_water w{place()};
    w.fetched(place(1, 10), 2);
    w.fetched(place(1, 20), 1);
    EXPECT_EQ(w.fetched_to(), place(1, 20));
    w.settled(place(1, 15));
    EXPECT_EQ(w.mark(), place()) << "the first piece is not settled";
    w.settled(place(1, 3));
    EXPECT_EQ(w.mark(), place());
    w.settled(place(1, 10));
    EXPECT_EQ(w.mark(), place(1, 20));
}

TEST(LowWater, PiecesWithoutRowsAreNoObstacle) {
    low_water w{place()};
    w.fetched(place(1, 10), 0);
    EXPECT_EQ(w.mark(), place(1, 10));
    w.fetched(place(2, 0), 0);
    w.fetched(place(3, 5), 1);
    w.fetched(place(4, 5), 0);
    w.fetched(place(5, 5), 0);
    EXPECT_EQ(w.mark(), place(2, 0));
    w.settled(place(3, 1));
    EXPECT_EQ(w.mark(), place(5, 5));
}

TEST(LowWater, WhatWasFetchedAlreadyIsNotFetchedAgain) {
    low_water w{place(2, 5)};
    w.fetched(place(1, 9), 3);
    w.fetched(place(2, 5), 3);
    EXPECT_EQ(w.fetched_to(), place(2, 5));
    w.fetched(place(2, 6), 1);
    w.settled(place(2, 6));
    EXPECT_EQ(w.mark(), place(2, 6));
}

TEST(LowWater, ChangesBeyondTheCursorDoNotCount) {
    low_water w{place()};
    w.fetched(place(1, 10), 1);
    w.settled(place(7, 1));
    EXPECT_EQ(w.mark(), place());
}

TEST(ReleasedFiles, AreFetchedInOrderAndForgottenWhenSettled) {
    released_files r;
    r.add(place(5, 1), place(5, 20));
    r.add(place(3, 1), place(3, 10));
    r.add(place(3, 1), place(3, 10));  // twice: a restart
    EXPECT_EQ(r.next()->first, place(3, 0));
    r.fetched(place(3, 4), 2);
    EXPECT_EQ(r.next()->first, place(3, 4));
    EXPECT_EQ(r.next()->second, place(3, 10));
    r.fetched(place(3, 10), 1);
    EXPECT_EQ(r.next()->first, place(5, 0));
    r.fetched(place(5, 20), 0);
    EXPECT_FALSE(r.next());
    EXPECT_FALSE(r.empty()) << "rows of it are unsettled";
    for (const int row : {1, 2, 9}) EXPECT_TRUE(r.settled(place(3, static_cast<std::uint64_t>(row))));
    EXPECT_TRUE(r.empty());
}

TEST(ReleasedFiles, RowsOfOtherFilesAreNotTheirs) {
    released_files r;
    r.add(place(3, 1), place(3, 10));
    EXPECT_FALSE(r.settled(place(2, 5)));
    EXPECT_FALSE(r.settled(place(4, 5)));
}

}  // namespace
}  // namespace consent_sync::delivery
