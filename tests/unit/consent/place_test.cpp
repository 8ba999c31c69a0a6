#include "consent/place.hpp"

#include <gtest/gtest.h>

namespace consent_sync::consent {
namespace {

TEST(Place, OrdersByArrivalThenRow) {
    EXPECT_LT(place(1, place::row_max), place(2, 1));
    EXPECT_LT(place(2, 1), place(2, 2));
    EXPECT_EQ(place(place(7, 9).id()), place(7, 9));
    EXPECT_EQ(place(7, 9).arrival(), 7u);
    EXPECT_EQ(place(7, 9).row(), 9u);
    EXPECT_GT(place((1u << 31) - 1, place::row_max).id(), 0);
}

TEST(Place, FileIdHasEightDigitsOrMore) {
    EXPECT_EQ(format_file_id(42), "00000042");
    EXPECT_EQ(format_file_id(1234567890), "1234567890");
}

}  // namespace
}  // namespace consent_sync::consent
