#include "config/units.hpp"

#include <gtest/gtest.h>

namespace consent_sync::config {
namespace {

TEST(Units, ParsesSizes) {
    EXPECT_EQ(parse_size("0B"), 0U);
    EXPECT_EQ(parse_size("1KiB"), 1'024U);
    EXPECT_EQ(parse_size("4GiB"), 4ULL << 30);
    EXPECT_EQ(parse_size("8388608TiB"), 1ULL << 63);
    for (const char* bad :
         {"", "B", "KiB", "4", "4GB", "4gib", " 4GiB", "4 GiB", "-1B", "+1B", "1.5GiB", "8388609TiB"}) {
        EXPECT_FALSE(parse_size(bad)) << bad;
    }
}

TEST(Units, FormatsSizesThatParseToTheSameValue) {
    EXPECT_EQ(format_size(0), "0B");
    EXPECT_EQ(format_size(1'000), "1000B");
    EXPECT_EQ(format_size(1'536), "1536B");
    EXPECT_EQ(format_size(2'048), "2KiB");
    EXPECT_EQ(format_size(4ULL << 30), "4GiB");
}

TEST(Units, ParsesShares) {
    EXPECT_EQ(parse_share("10%"), 0.1);
    EXPECT_EQ(parse_share("0%"), 0.0);
    EXPECT_EQ(parse_share("100%"), 1.0);
    EXPECT_EQ(parse_share("0.25%"), 0.0025);
    EXPECT_EQ(parse_share("12.5%"), 0.125);
    for (const char* bad : {"", "%", "10", "0.1", "100.01%", "101%", "-1%", "1.%", ".5%", "1.005%", "1e1%", "10 %"}) {
        EXPECT_FALSE(parse_share(bad)) << bad;
    }
    EXPECT_EQ(format_share(0.1), "10%");
    EXPECT_EQ(format_share(0.125), "12.5%");
}

}  // namespace
}  // namespace consent_sync::config
