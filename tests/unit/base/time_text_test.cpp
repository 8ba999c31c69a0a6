#include "base/time_text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace consent_sync::base {
namespace {

using namespace std::chrono_literals;

TEST(TimeText, FormatsUtcWithMilliseconds) {
    EXPECT_EQ(format_time(from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_time(from_unix_ms(1'795'424'400'123)), "2026-11-23T09:00:00.123Z");
    EXPECT_EQ(format_time(from_unix_ms(1'709'251'199'999)), "2024-02-29T23:59:59.999Z");
    EXPECT_EQ(format_time(from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(format_date(from_unix_ms(1'795'424'400'123)), "2026-11-23");
}

TEST(TimeText, BoundsTimesOfAWrongClock) {
    EXPECT_EQ(format_time(wall_time::min()).size(), 24U);
    EXPECT_EQ(format_time(wall_time::max()).size(), 24U);
}

TEST(TimeText, ParsesDurations) {
    EXPECT_EQ(*parse_duration("500ms"), 500ms);
    EXPECT_EQ(*parse_duration("2s"), 2s);
    EXPECT_EQ(*parse_duration("10m"), 10min);
    EXPECT_EQ(*parse_duration("12h"), 12h);
    EXPECT_EQ(*parse_duration("30d"), 720h);
    EXPECT_EQ(*parse_duration("0s"), 0ms);
    EXPECT_EQ(*parse_duration("36525d"), 24h * 36'525);
    for (const char* bad : {"", "5", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S", "1w", "1min", "0x1s",
                            "36526d", "9223372036854775807d", "99999999999999999999s"}) {
        EXPECT_TRUE(parse_duration(bad).has_error()) << bad;
    }
}

TEST(TimeText, FormatsDurationsThatParseToTheSameValue) {
    EXPECT_EQ(format_duration(0ms), "0s");
    EXPECT_EQ(format_duration(500ms), "500ms");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(24h * 30), "30d");
    for (const milliseconds d : {1ms, 1'500ms, 60'000ms, 3'600'000ms, 86'400'001ms}) {
        EXPECT_EQ(*parse_duration(format_duration(d)), d);
    }
}

}  // namespace
}  // namespace consent_sync::base
