#include "hubspot/retry_after.hpp"

#include <gtest/gtest.h>

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono_literals;

const base::wall_time now = base::from_unix_ms(784111777'000);  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(RetryAfter, ReadsSeconds) {
    EXPECT_EQ(parse_retry_after("0", now), 0ms);
    EXPECT_EQ(parse_retry_after("10", now), 10s);
    EXPECT_EQ(parse_retry_after(" 10 ", now), 10s);
    EXPECT_EQ(parse_retry_after("1.5", now), 1500ms);
    EXPECT_EQ(parse_retry_after("0.0019", now), 1ms);
    EXPECT_EQ(parse_retry_after("86399", now), 86399s);
}

TEST(RetryAfter, IsAtMostADay) {
    EXPECT_EQ(parse_retry_after("86400", now), 24h);
    EXPECT_EQ(parse_retry_after("86400.5", now), 24h);
    EXPECT_EQ(parse_retry_after("86401", now), 24h);
    EXPECT_EQ(parse_retry_after("99999999999999999999999", now), 24h);
    EXPECT_EQ(parse_retry_after("Wed, 09 Nov 1994 08:49:37 GMT", now), 24h);
}

TEST(RetryAfter, ReadsAllThreeDateFormats) {
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), 30s);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:07 GMT", now), 30s);
    EXPECT_EQ(parse_retry_after("Sun Nov  6 08:50:07 1994", now), 30s);
    EXPECT_EQ(parse_retry_after("Sun Nov 16 08:50:07 1994", now), 24h);
}

TEST(RetryAfter, ADateThatIsPastMeansAtOnce) {
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:36 GMT", now), 0ms);
    EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", now), 0ms);
}

TEST(RetryAfter, ATwoDigitYearIsNeverMoreThanFiftyYearsAhead) {
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), now);
    const base::wall_time in_2026 = base::from_unix_ms(1'790'000'000'000);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2026), now);
    EXPECT_EQ(base::to_unix_ms(*parse_http_date("Friday, 06-Nov-26 08:49:37 GMT", in_2026)), 1'793'954'977'000);
}

TEST(RetryAfter, IgnoresGarbage) {
    for (const char* none :
         {"", "soon", "-1", "+1", "1e3", "1.", ".5", "1,5", "1 2", "0x10", "NaN", "Sun, 06 Nov 1994 08:49:37",
          "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
          "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT", "Sun Nov  6 1994", ", , , , , GMT"})
        EXPECT_EQ(parse_retry_after(none, now), std::nullopt) << none;
}

}  // namespace
}  // namespace consent_sync::hubspot
