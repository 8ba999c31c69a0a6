#include "observe/log_allowance.hpp"

#include <gtest/gtest.h>

namespace consent_sync::observe {
namespace {

TEST(LogAllowance, LetsSoManyThroughAMinuteAndCountsTheRest) {
    using std::chrono::seconds;
    log_allowance a(2);
    const base::steady_time t0{seconds(1'000)};
    EXPECT_EQ(a.next(t0), 0u);
    EXPECT_EQ(a.next(t0), 0u);
    EXPECT_FALSE(a.next(t0));
    EXPECT_FALSE(a.next(t0 + seconds(59)));
    EXPECT_EQ(a.next(t0 + seconds(60)), 2u);
    EXPECT_EQ(a.next(t0 + seconds(61)), 0u);
    EXPECT_FALSE(a.next(t0 + seconds(61)));
}

}  // namespace
}  // namespace consent_sync::observe
