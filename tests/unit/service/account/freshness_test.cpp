#include "service/account/freshness.hpp"

#include <gtest/gtest.h>

namespace consent_sync::service {
namespace {

using std::chrono::seconds;
constexpr base::steady_time t0{seconds(1'000)};

TEST(Freshness, WaitsForTheFirstAnswerButNotLong) {
    freshness f;
    EXPECT_FALSE(f.is_fresh(t0));
    EXPECT_TRUE(f.is_wanted());
    EXPECT_FALSE(f.is_fresh(t0 + seconds(4)));
    EXPECT_TRUE(f.is_fresh(t0 + seconds(5)));  // it takes too long: judged by what is known
    EXPECT_TRUE(f.is_fresh(t0 + seconds(90)));
}

TEST(Freshness, AsksAgainForWhatIsAMinuteOld) {
    freshness f;
    f.begin(t0);
    f.answered(t0 + seconds(1));
    EXPECT_FALSE(f.is_wanted());
    EXPECT_TRUE(f.is_fresh(t0 + seconds(60)));
    EXPECT_FALSE(f.is_wanted());
    EXPECT_FALSE(f.is_fresh(t0 + seconds(61)));
    EXPECT_TRUE(f.is_wanted());
    f.answered(t0 + seconds(62));
    EXPECT_TRUE(f.is_fresh(t0 + seconds(62)));
}

}  // namespace
}  // namespace consent_sync::service
