#include "delivery/concurrency.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace consent_sync::delivery {
namespace {

using base::milliseconds;

constexpr base::steady_time start = base::steady_time(std::chrono::hours(1));

// One answer after the other, the window always full.
base::steady_time answers(concurrency& c, int count, milliseconds latency, base::steady_time now = start) {
    for (int i = 0; i < count; ++i, now += milliseconds(10)) c.answered(now - latency, now, c.window());
    return now;
}

TEST(Concurrency, GrowsByOneForEachAnswerAtFirst) {
    concurrency c(192);
    EXPECT_EQ(c.window(), 4u);
    answers(c, 20, milliseconds(100));
    EXPECT_EQ(c.window(), 24u);
}

TEST(Concurrency, StaysWithinItsBound) {
    concurrency c(10);
    answers(c, 100, milliseconds(100));
    EXPECT_EQ(c.window(), 10u);
    c.configure(3);
    EXPECT_EQ(c.window(), 3u);
}

TEST(Concurrency, AnUnusedWindowDoesNotGrow) {
    concurrency c(192);
    for (int i = 0; i < 50; ++i) c.answered(start, start + milliseconds(100), 1);
    EXPECT_EQ(c.window(), 4u);
}

TEST(Concurrency, OverloadHalvesItOnceARoundTrip) {
    concurrency c(192);
    const auto now = answers(c, 60, milliseconds(100));
    EXPECT_EQ(c.window(), 64u);
    for (int i = 0; i < 10; ++i) c.overloaded(now - milliseconds(100), now + milliseconds(i));
    EXPECT_EQ(c.window(), 32u);
    c.overloaded(now + milliseconds(50), now + milliseconds(150));
    EXPECT_EQ(c.window(), 16u);
}

TEST(Concurrency, NeverGoesBelowOne) {
    concurrency c(192);
    for (int i = 1; i < 50; ++i) c.overloaded(start + milliseconds(i * 10), start + milliseconds(i * 10));
    EXPECT_EQ(c.window(), 1u);
}

TEST(Concurrency, ShrinksWhileLatencyGrowsWithTheLoad) {
    concurrency c(192);
    auto now = answers(c, 40, milliseconds(100));
    const auto before = c.window();
    for (int i = 0; i < 100; ++i, now += milliseconds(50)) c.answered(now - milliseconds(900), now, c.window());
    EXPECT_LT(c.window(), before * 2 / 3);
}

TEST(Concurrency, JitterAloneDoesNotShrinkIt) {
    concurrency c(192);
    auto now = start;
    for (int i = 0; i < 2'000; ++i, now += milliseconds(20))
        c.answered(now - milliseconds(50 + i * 37 % 850), now, c.window());
    EXPECT_GT(c.window(), 20u);
}

}  // namespace
}  // namespace consent_sync::delivery
