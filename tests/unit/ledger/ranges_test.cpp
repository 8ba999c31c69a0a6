#include "ledger/ranges.hpp"

#include <gtest/gtest.h>

namespace consent_sync::ledger {
namespace {

using consent::place;

TEST(Ranges, AreShortAndReadable) {
    EXPECT_EQ(format_ranges({}), "");
    EXPECT_EQ(format_ranges({place(7, 1)}), "7:1");
    EXPECT_EQ(format_ranges({place(7, 1), place(7, 2), place(7, 3)}), "7:1-3");
    EXPECT_EQ(format_ranges({place(9, 1), place(7, 105), place(7, 2), place(7, 1)}), "7:1-2,105;9:1");
}

TEST(Ranges, ComeBackAsTheyWere) {
    const std::vector<place> places{place(1, 5), place(1, 6), place(1, 9), place(2, 1), place(4'000'000, 1)};
    EXPECT_EQ(expand_ranges(parse_ranges(format_ranges(places))), places);
}

TEST(Ranges, AreCutIntoFiles) {
    const std::string text = format_ranges({place(9, 1), place(7, 105), place(7, 2), place(7, 1)});
    const std::vector<file_rows> files = split_files(text);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[0].arrival, 7u);
    EXPECT_EQ(files[0].rows, "1-2,105");
    EXPECT_EQ(files[1].arrival, 9u);
    EXPECT_EQ(files[1].rows, "1");
}

TEST(Ranges, WhatCannotBeReadEndsTheList) {
    EXPECT_EQ(parse_ranges("").size(), 0u);
    EXPECT_EQ(parse_ranges("7").size(), 0u);
    EXPECT_EQ(parse_ranges("7:").size(), 0u);
    EXPECT_EQ(parse_ranges("7:1-").size(), 0u);
    EXPECT_EQ(parse_ranges("7:1,x").size(), 1u);
    EXPECT_EQ(parse_ranges("7:1;").size(), 1u);
    EXPECT_EQ(split_files("").size(), 0u);
    EXPECT_EQ(split_files("7").size(), 0u);
    EXPECT_EQ(split_files("7:1;").size(), 1u);
    EXPECT_EQ(split_files("7:1;x:1").size(), 1u);
}

}  // namespace
}  // namespace consent_sync::ledger
