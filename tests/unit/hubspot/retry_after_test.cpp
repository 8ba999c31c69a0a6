#include "hubspot/retry_after.hpp"

#include <gtest/gtest.h>

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono_literals;

const base::wall_time date_now = base::from_unix_ms(784111777'000);  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(RetryAfter, ReadsSeconds) {
    EXPECT_EQ(parse_retry_after("0", date_now), 0ms);
    EXPECT_EQ(parse_retry_after("10", date_now), 10s);
    EXPECT_EQ(parse_retry_after(" 10 ", date_now), 10s);
    EXPECT_EQ(parse_retry_after("1.5", date_now), 1500ms);
    EXPECT_EQ(parse_retry_after("0.0019", date_now), 1ms);
    EXPECT_EQ(parse_retry_after("86399", date_now), 86399s);
}

TEST(RetryAfter, IsAtMostADay) {
    EXPECT_EQ(parse_retry_after("86400", date_now), 24h);
    EXPECT_EQ(parse_retry_after("86400.5", date_now), 24h);
    EXPECT_EQ(parse_retry_after("86401", date_now), 24h);
    EXPECT_EQ(parse_retry_after("99999999999999999999999", date_now), 24h);
    EXPECT_EQ(parse_retry_after("Wed, 09 Nov 1994 08:49:37 GMT", date_now), 24h);
}

TEST(RetryAfter, ReadsAllThreeDateFormats) {
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", date_now), 30s);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:07 GMT", date_now), 30s);
    EXPECT_EQ(parse_retry_after("Sun Nov  6 08:50:07 1994", date_now), 30s);
    EXPECT_EQ(parse_retry_after("Sun Nov 16 08:50:07 1994", date_now), 24h);
}

TEST(RetryAfter, ADateThatIsPastMeansAtOnce) {
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:36 GMT", date_now), 0ms);
    EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", date_now), 0ms);
}

TEST(RetryAfter, ATwoDigitYearIsNeverMoreThanFiftyYearsAhead) {
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", date_now), date_now);
    const base::wall_time in_2026 = base::from_unix_ms(1'790'000'000'000);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2026), date_now);
    EXPECT_EQ(base::to_unix_ms(*parse_http_date("Friday, 06-Nov-26 08:49:37 GMT", in_2026)), 1'793'954'977'000);
}

TEST(RetryAfter, IgnoresGarbage) {
    for (const char* none :
         {"", "soon", "-1", "+1", "1e3", "1.", ".5", "1,5", "1 2", "0x10", "NaN", "Sun, 06 Nov 1994 08:49:37",
          "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
          "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT", "Sun Nov  6 1994", ", , , , , GMT"})
        EXPECT_EQ(parse_retry_after(none, date_now), std::nullopt) << none;
}

}  // namespace
}  // namespace consent_sync::hubspot
