#include "delivery/budget.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace consent_sync::delivery {
namespace {

using std::chrono::hours;

constexpr base::wall_time day_one = base::wall_time(hours(24 * 20'000));

budget make(std::optional<std::uint64_t> configured = std::nullopt, double reserve = 0.1) {
    return budget(configured, reserve, [](base::wall_time t) {
        return base::wall_time((t.time_since_epoch() / hours(24) + 1) * hours(24));
    });
}

TEST(Budget, AllowsEverythingWhileNothingIsKnown) {
    budget b = make();
    b.spent(day_one);
    EXPECT_FALSE(b.at_reserve(day_one));
    EXPECT_FALSE(b.remaining());
}

TEST(Budget, BulkStopsAtTheReserve) {
    budget b = make();
    b.learn(1'000, 101, 0, day_one);
    EXPECT_FALSE(b.at_reserve(day_one));
    b.spent(day_one);
    EXPECT_TRUE(b.at_reserve(day_one));
}

TEST(Budget, DoesNotBelieveWhatNoAccountHas) {
    budget b = make();
    const std::int64_t absurd = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < 2; ++i) {
        EXPECT_FALSE(b.learn(absurd, absurd, 0, day_one));
        EXPECT_FALSE(b.learn(1'000, absurd, 0, day_one));
        EXPECT_FALSE(b.learn(absurd, 0, 0, day_one));
    }
    EXPECT_FALSE(b.remaining());
}

TEST(Budget, IsFullAgainAtMidnight) {
    budget b = make();
    b.learn(1'000, 0, 0, day_one);
    EXPECT_TRUE(b.at_reserve(day_one + hours(23)));
    EXPECT_FALSE(b.at_reserve(day_one + hours(24)));
    EXPECT_EQ(b.remaining(), 1'000);
}

TEST(Budget, CountsWhatBeganSinceTheRequestThatTheAnswerBelongsTo) {
    budget b = make();
    b.learn(1'000, 500, 20, day_one);
    EXPECT_EQ(b.remaining(), 480);
}

TEST(Budget, AnswersOutOfOrderDoNotGiveBudgetBack) {
    budget b = make();
    b.learn(1'000, 500, 0, day_one);
    EXPECT_FALSE(b.learn(1'000, 520, 0, day_one));
    EXPECT_EQ(b.remaining(), 500);
}

TEST(Budget, AJumpSaysSo) {
    budget b = make();
    b.learn(1'000, 5, 0, day_one);
    EXPECT_TRUE(b.learn(1'000, 990, 0, day_one));
    EXPECT_EQ(b.remaining(), 990);
}

TEST(Budget, TheConfiguredBudgetBoundsWhatHubSpotTells) {
    budget b = make(100);
    EXPECT_EQ(b.remaining(), 100);
    b.learn(1'000'000, 900'000, 0, day_one);
    EXPECT_EQ(b.limit(), 100);
    EXPECT_EQ(b.remaining(), 100);
}

TEST(Budget, IgnoresHeadersThatMakeNoSense) {
    budget b = make();
    EXPECT_FALSE(b.learn(0, 5, 0, day_one));
    EXPECT_FALSE(b.learn(100, -5, 0, day_one));
    EXPECT_FALSE(b.learn(std::nullopt, 5, 0, day_one));
    EXPECT_FALSE(b.limit());
}

TEST(Budget, SurvivesARestartWithinTheDayOnly) {
    budget b = make();
    b.restore(50, 1'000, day_one + hours(24));
    EXPECT_TRUE(b.at_reserve(day_one + hours(23)));
    EXPECT_FALSE(b.at_reserve(day_one + hours(25)));
}

TEST(Budget, AnEndThatIsMoreThanADayAheadComesFromAWrongClock) {
    budget b = make();
    b.restore(50, 1'000, day_one + hours(24 * 400));
    EXPECT_EQ(b.day_end(day_one), day_one + hours(24));
}

TEST(Budget, CountsDaysOfUtcWhereNobodyKnowsTheMidnight) {
    budget b(std::nullopt, 0.1, nullptr);
    EXPECT_FALSE(b.midnight_known());
    const auto utc_day = std::chrono::floor<std::chrono::days>(day_one);
    EXPECT_EQ(b.day_end(day_one), base::wall_time(utc_day) + hours(24));
    b.configure(std::nullopt, 0.1, [](base::wall_time t) { return t + hours(3); });
    EXPECT_TRUE(b.midnight_known());
    EXPECT_EQ(b.day_end(day_one), day_one + hours(3)) << "as soon as somebody does";
}

}  // namespace
}  // namespace consent_sync::delivery
