#include "delivery/backoff.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using base::milliseconds;

TEST(Backoff, StaysBelowADelayThatDoublesUpToItsMaximum) {
    base::random_engine random(7);
    for (const auto& [failures, ceiling] : {std::pair(0u, 500),
                                            {1u, 500},
                                            {2u, 1'000},
                                            {3u, 2'000},
                                            {8u, 60'000},
                                            {40u, 60'000},
                                            {4'000'000'000u, 60'000}}) {
        milliseconds most{0};
        milliseconds least = milliseconds::max();
        for (int i = 0; i < 1'000; ++i) {
            const auto delay = backoff_delay(milliseconds(500), milliseconds(60'000), failures, random);
            most = std::max(most, delay);
            least = std::min(least, delay);
        }
        EXPECT_LE(most.count(), ceiling) << failures;
        EXPECT_GT(most.count(), ceiling * 9 / 10) << "the whole range is used";
        EXPECT_LT(least.count(), ceiling / 10);
        EXPECT_GE(least.count(), 0);
    }
}

}  // namespace
}  // namespace consent_sync::delivery
