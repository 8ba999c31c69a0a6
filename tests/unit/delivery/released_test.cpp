#include "delivery/released.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using consent::place;

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
