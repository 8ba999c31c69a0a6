#include "service/pipeline/arrived_together.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace consent_sync::service {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::size_t earlier = arrived_together::earlier;
constexpr std::int64_t ms = 1'000'000;

class ArrivedTogether : public testing::Test {
  protected:
    std::vector<std::size_t> claim(std::vector<std::int64_t> modified_ms, base::milliseconds at) {
        std::vector<arrival_moment> files;
        for (const std::int64_t each : modified_ms) files.push_back({each * ms, base::steady_time(100s + at)});
        auto first = together.group(files, 2s);
        together.numbered([this](std::size_t i) { return next_ + static_cast<consent::arrival_number>(i); });
        next_ += static_cast<consent::arrival_number>(files.size());
        return first;
    }
    arrived_together together;
    consent::arrival_number next_ = 1;
};

TEST_F(ArrivedTogether, OfOneClaimByTheirTimes) {
    EXPECT_THAT(claim({0, 2'000, 2'001, 4'001, 4'002}, 0ms), ElementsAre(0, 0, 2, 2, 4));
}

TEST_F(ArrivedTogether, OfTwoClaimsWithinTheSettleTimeOfTheFirst) {
    EXPECT_THAT(claim({0}, 0ms), ElementsAre(0));
    EXPECT_THAT(claim({1'000}, 1'000ms), ElementsAre(earlier));
    EXPECT_EQ(together.first_arrival(), 1u);
    EXPECT_THAT(claim({2'000}, 2'000ms), ElementsAre(earlier));
    EXPECT_THAT(claim({2'000}, 2'001ms), ElementsAre(0)) << "no chain grows for ever";
    EXPECT_EQ(together.first_arrival(), 4u);
    EXPECT_THAT(claim({9'000, 2'000}, 2'100ms), ElementsAre(0, 1)) << "modified at other times";
}

TEST_F(ArrivedTogether, AnyTimesAreFine) {
    EXPECT_THAT(claim({INT64_MIN / ms, INT64_MAX / ms}, 0ms), ElementsAre(0, 1));
}

}  // namespace
}  // namespace consent_sync::service
