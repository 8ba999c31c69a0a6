#include "base/time_zone.hpp"

#include <gtest/gtest.h>

namespace consent_sync::base {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr wall_time new_year{hours(24 * 365 * 56 + 24 * 14)};  // 2026-01-01T00:00Z

TEST(TimeZone, GivesMidnightInTheZone) {
    EXPECT_EQ(next_midnight("UTC", new_year), new_year + hours(24));
    EXPECT_EQ(next_midnight("Europe/Berlin", new_year), new_year + hours(23));
    EXPECT_EQ(next_midnight("US/Eastern", new_year), new_year + hours(5));
    EXPECT_EQ(next_midnight("no such zone", new_year), new_year + hours(24));
}

TEST(TimeZone, DaysAreShorterOrLongerWhenTheClockChanges) {
    const wall_time spring = new_year + hours(24 * 87) - hours(1);  // 2026-03-29T00:00+01:00
    EXPECT_EQ(next_midnight("Europe/Berlin", spring) - spring, hours(23));
    const wall_time autumn = new_year + hours(24 * 297) - hours(2);  // 2026-10-25T00:00+02:00
    EXPECT_EQ(next_midnight("Europe/Berlin", autumn) - autumn, hours(25));
}

TEST(TimeZone, AcceptsAnOffset) {
    EXPECT_EQ(zone_of_offset(minutes(-300)), "UTC-05:00");
    EXPECT_EQ(zone_of_offset(minutes(345)), "UTC+05:45");
    EXPECT_EQ(zone_of_offset(minutes(0)), "UTC+00:00");
    EXPECT_EQ(next_midnight(zone_of_offset(minutes(-300)), new_year), new_year + hours(5));
    EXPECT_EQ(next_midnight(zone_of_offset(minutes(345)), new_year), new_year + hours(24) - minutes(345));
    EXPECT_EQ(next_midnight("UTC+05:45x", new_year), new_year + hours(24)) << "nothing that is known";
}

}  // namespace
}  // namespace consent_sync::base
