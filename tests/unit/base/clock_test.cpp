#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/time_text.hpp"

namespace consent_sync::base {
namespace {

TEST(Clock, MillisecondsSurviveARoundTrip) {
    for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{1'795'435'200'000}})
        EXPECT_EQ(to_unix_ms(from_unix_ms(ms)), ms);
}

TEST(Clock, MillisecondsOutOfRangeGiveTheNearestMoment) {
    using limits = std::numeric_limits<std::int64_t>;
    EXPECT_EQ(format_time(from_unix_ms(limits::max())), "2262-04-11T23:47:16.854Z");
    EXPECT_EQ(format_time(from_unix_ms(limits::min())), "1677-09-21T00:12:43.146Z");
    EXPECT_EQ(from_unix_ms(limits::max()), from_unix_ms(9'795'625'628'488));
}

}  // namespace
}  // namespace consent_sync::base
