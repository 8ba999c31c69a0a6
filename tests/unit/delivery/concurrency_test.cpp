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

// The limiter lets the last ones of a window leave late: half of it in use is proof enough.
TEST(Concurrency, DoublesEachRoundTripAlsoWhereTheWindowFillsSlowly) {
    concurrency c(192);
    answers(c, 12, milliseconds(100));
    ASSERT_EQ(c.window(), 16u);
    for (int i = 0; i < 16; ++i) c.answered(start, start + milliseconds(100), 16);
    EXPECT_EQ(c.window(), 32u);
    c.answered(start, start + milliseconds(100), 15);
    EXPECT_EQ(c.window(), 32u);
}

TEST(Concurrency, GoesToWhatTheToldLimitNeedsWhenItIsToldAndBorne) {
    concurrency c(192);
    answers(c, 2, milliseconds(5'000));
    c.allow(19);
    EXPECT_EQ(c.window(), 6u) << "two answers may be odd ones";
    answers(c, 1, milliseconds(9'000));
    c.allow(19);
    EXPECT_EQ(c.window(), 96u) << "what the fastest answer needs";
    c.overloaded(start + std::chrono::hours(1), start + std::chrono::hours(1));
    c.allow(19);
    EXPECT_EQ(c.window(), 48u) << "never again after a sign of overload";
    concurrency small(10);
    answers(small, 3, milliseconds(5'000));
    small.allow(19);
    EXPECT_EQ(small.window(), 10u);
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
