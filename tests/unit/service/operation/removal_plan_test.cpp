#include "service/operation/removal_plan.hpp"

#include <gtest/gtest.h>

namespace consent_sync::service {
namespace {

using std::chrono::hours;

constexpr auto one_day = hours(24);
constexpr base::wall_time planned_at = base::wall_time(one_day * 20'000);

TEST(RemovalPlan, IsUnusualWhereMostGoesAndTimeDoesNotExplainIt) {
    struct row {
        std::uint64_t old, all;
        base::wall_time last_bound;
        bool unusual;
    };
    const row rows[] = {
        {0, 0, {}, false},
        {20, 20, {}, false},  // few
        {21, 21, {}, true},   // the first round ever
        {21, 42, {}, false},  // half
        {22, 43, {}, true},
        {1'000, 1'000, planned_at, false},
        {1'000, 1'000, planned_at - 3 * one_day, false},  // three days' worth
        {1'000, 1'000, planned_at - 3 * one_day - hours(1), true},
        {1'000, 1'000, planned_at - 370 * one_day, true},  // keep was lowered
        {1'000, 1'000, planned_at + one_day, false},       // keep was raised
        {1'000, 2'001, planned_at - 370 * one_day, false},
    };
    for (const row& each : rows) {
        removal_plan plan;
        plan.done().old = each.old;
        plan.done().all = each.all;
        plan.done().before = planned_at;
        plan.done().last_bound = each.last_bound;
        EXPECT_EQ(plan.is_unusual(), each.unusual) << each.old << " of " << each.all;
    }
}

TEST(RemovalPlan, SaysHowMuchOfHowMuch) {
    removal_plan plan;
    EXPECT_TRUE(plan.empty());
    EXPECT_EQ(plan.words(), "");
    plan.done().old = 25;
    plan.done().all = 30;
    plan.reports().old = 4;
    plan.reports().all = 4;
    EXPECT_FALSE(plan.empty());
    EXPECT_EQ(plan.words(), "25 of 30 files of done/, 4 of 4 days of reports");
}

}  // namespace
}  // namespace consent_sync::service
