#include "delivery/limiter.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using base::milliseconds;

constexpr base::steady_time limiter_start = base::steady_time(std::chrono::hours(1));
base::steady_time at(int ms) { return limiter_start + milliseconds(ms); }

// Sends whatever may be sent at `now`; how many.
int send_all(limiter& l, base::steady_time now, int most = 1'000) {
    int sent = 0;
    while (sent < most && l.next_free(now) == now) {
        l.take(now);
        l.written(now);
        ++sent;
    }
    return sent;
}
// Sends as fast as allowed from `from` to `to`.
int send_between(limiter& l, int from, int to) {
    int sent = 0;
    base::steady_time now = at(from);
    while (now < at(to)) {
        sent += send_all(l, now);
        const auto next = l.next_free(now);
        now = std::max(now + std::chrono::microseconds(1), next.value_or(at(to)));
    }
    return sent;
}

TEST(Limiter, StartsWithTheLowestTier) { EXPECT_EQ(limiter(std::nullopt, milliseconds(10'000)).limit(), 100u); }

TEST(Limiter, LetsAQuarterGoAtOnceAndSpreadsTheRest) {
    limiter l(100, milliseconds(10'000));
    EXPECT_EQ(send_all(l, at(0)), 25);
    EXPECT_EQ(*l.next_free(at(0)), at(100));
    EXPECT_EQ(send_between(l, 0, 10'000), 75);
}

TEST(Limiter, NeverHasMoreThanTheLimitInAnyInterval) {
    for (const unsigned limit : {1u, 3u, 100u, 250u}) {
        limiter l(limit, milliseconds(10'000));
        EXPECT_LE(send_between(l, 0, 10'000), static_cast<int>(limit));
        for (int second = 10; second < 60; second += 10)
            EXPECT_LE(send_between(l, second * 1'000, second * 1'000 + 10'000), static_cast<int>(limit) + 0) << limit;
    }
}

TEST(Limiter, ASlotIsFreeOneIntervalAndAMarginAfterItWasWritten) {
    limiter l(1, milliseconds(10'000));
    EXPECT_EQ(send_all(l, at(0)), 1);
    EXPECT_EQ(*l.next_free(at(1)), at(10'200));
    EXPECT_EQ(send_all(l, at(10'199)), 0);
    EXPECT_EQ(send_all(l, at(10'200)), 1);
}

TEST(Limiter, ATakenSlotCountsUntilItIsWrittenOrReturned) {
    limiter l(1, milliseconds(10'000));
    l.take(at(0));
    EXPECT_EQ(l.used(at(60'000)), 1u);
    EXPECT_FALSE(l.next_free(at(60'000))) << "nobody knows when";
    l.returned();
    EXPECT_EQ(l.next_free(at(60'000)), at(60'000));
}

TEST(Limiter, LearnsLimitAndIntervalFromHeadersUpToWhatIsConfigured) {
    limiter free_choice(std::nullopt, milliseconds(10'000));
    free_choice.learn(190, 189, 5'000, at(0), at(10));
    EXPECT_EQ(free_choice.limit(), 190u);
    EXPECT_EQ(free_choice.interval(), milliseconds(5'000));
    limiter bound(50, milliseconds(10'000));
    bound.learn(190, 189, std::nullopt, at(0), at(10));
    EXPECT_EQ(bound.limit(), 50u);
}

TEST(Limiter, DoesNotBelieveHeadersThatMakeNoSense) {
    limiter l(std::nullopt, milliseconds(10'000));
    for (const std::int64_t told : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'000'000'000}}) {
        l.learn(told, 5, 0, at(0), at(1));
        EXPECT_EQ(l.limit(), 100u);
        EXPECT_EQ(l.interval(), milliseconds(10'000));
    }
}

TEST(Limiter, TheIntervalOfALimitThatIsNotBelievedIsNotBelievedEither) {
    limiter l(10'000, milliseconds(1'000));
    l.learn(1'000'000, 999'999, 10'000, at(0), at(1));
    EXPECT_EQ(l.interval(), milliseconds(1'000));
    EXPECT_EQ(l.limit(), 10'000u);
}

// A limit of one an hour, told once, would stop everything for an hour.
TEST(Limiter, AnIntervalOfMoreThanHalfAMinuteIsNotBelievedNorItsLimit) {
    for (const std::int64_t interval :
         {std::int64_t{30'001}, std::int64_t{3'600'000}, std::int64_t{99}, std::int64_t{-1}}) {
        limiter l(std::nullopt, milliseconds(10'000));
        EXPECT_FALSE(l.learn(1, 0, interval, at(0), at(1)));
        EXPECT_EQ(l.limit(), 100u);
        EXPECT_EQ(l.interval(), milliseconds(10'000));
        EXPECT_FALSE(l.learnt());
    }
    limiter l(std::nullopt, milliseconds(10'000));
    EXPECT_TRUE(l.learn(1, 0, 30'000, at(0), at(1)));
    EXPECT_EQ(l.limit(), 1u);
    EXPECT_TRUE(l.learn(std::nullopt, std::nullopt, std::nullopt, at(0), at(1))) << "headers are optional";
}

TEST(Limiter, LeavesRoomToOthersForAnInterval) {
    limiter l(std::nullopt, milliseconds(10'000));
    l.take(at(0));
    l.written(at(0));
    l.learn(100, 39, std::nullopt, at(0), at(10));  // 61 counted, one is ours
    EXPECT_EQ(l.others(), 60u);
    EXPECT_EQ(send_between(l, 10, 9'000), 39);
}

TEST(Limiter, TakesItsOwnRequestsThatLeftMeanwhileForItsOwnAlsoWhenTheAnswerIsSlow) {
    limiter l(100, milliseconds(10'000));
    send_between(l, 0, 30'000);
    l.take(at(30'000));
    l.written(at(30'000));
    l.learn(100, 0, std::nullopt, at(30'000), at(35'000));
    EXPECT_LE(l.others(), 3u);
}

TEST(Limiter, A429WidensTheMarginOnceAnInterval) {
    limiter l(1, milliseconds(10'000));
    l.refused(at(0));
    l.refused(at(1));
    EXPECT_EQ(send_all(l, at(7'000)), 1);
    EXPECT_EQ(*l.next_free(at(7'001)), at(17'400));
}

TEST(Limiter, RememberedSendsCountAfterARestart) {
    limiter l(2, milliseconds(10'000));
    l.restore({at(-1'000), at(-9'000)});
    EXPECT_EQ(l.used(at(0)), 2u);
    EXPECT_EQ(*l.next_free(at(0)), at(1'200));
    limiter lost(3, milliseconds(10'000));
    lost.assume_used(at(0));
    EXPECT_EQ(*lost.next_free(at(0)), at(10'200));
}

TEST(Limiter, AReloadForgetsNothingThatHubSpotTold) {
    limiter l(std::nullopt, milliseconds(10'000));
    l.learn(110, std::nullopt, 5'000, limiter_start, limiter_start);
    l.configure(190, milliseconds(10'000));  // more than HubSpot allows
    EXPECT_EQ(l.limit(), 110u);
    EXPECT_EQ(l.interval(), milliseconds(5'000));
    l.configure(50, milliseconds(10'000));
    EXPECT_EQ(l.limit(), 50u);
    l.configure(std::nullopt, milliseconds(20'000));
    EXPECT_EQ(l.limit(), 110u);
    EXPECT_EQ(l.interval(), milliseconds(20'000));
}

TEST(Limiter, AReloadToAutoBeforeAnyAnswerIsTheLowestTier) {
    limiter l(190, milliseconds(10'000));
    l.configure(std::nullopt, milliseconds(10'000));
    EXPECT_EQ(l.limit(), 100u);
}

TEST(Limiter, RequestsBeforeAReloadCountAfterIt) {
    limiter l(100, milliseconds(10'000));
    EXPECT_EQ(send_between(l, 0, 9'000), 100);
    l.configure(100, milliseconds(10'000));
    EXPECT_EQ(send_all(l, at(9'000)), 0);
}

TEST(Limiter, ConfiguredRequestsHoldForTheConfiguredIntervalWhateverTheHeadersSay) {
    limiter l(1, milliseconds(20'000));
    EXPECT_EQ(send_between(l, 0, 100), 1);
    l.learn(100, std::nullopt, 10'000, limiter_start, at(100));
    EXPECT_EQ(send_between(l, 100, 20'000), 0);
    EXPECT_EQ(send_between(l, 20'000, 21'000), 1);
}

}  // namespace
}  // namespace consent_sync::delivery
