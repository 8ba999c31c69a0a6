#include "hubspot_sim/rate_window.hpp"

#include <gtest/gtest.h>

namespace consent_sync::hubspot_sim {
namespace {

TEST(RateWindow, AdmitsUpToTheLimitAndNotOneMore) {
    rate_window w;
    EXPECT_TRUE(w.admit(0, 3, 1000));
    EXPECT_TRUE(w.admit(1, 3, 1000));
    EXPECT_TRUE(w.admit(2, 3, 1000));
    EXPECT_FALSE(w.admit(2, 3, 1000));
    EXPECT_EQ(w.used(2, 1000), 3u);
}

// A bucket, or a window that starts anew each second, would let the second burst pass.
TEST(RateWindow, RollsInsteadOfStartingAnew) {
    rate_window w;
    EXPECT_TRUE(w.admit(900, 2, 1000));
    EXPECT_TRUE(w.admit(950, 2, 1000));
    EXPECT_FALSE(w.admit(1100, 2, 1000));
    EXPECT_FALSE(w.admit(1899, 2, 1000));
    EXPECT_TRUE(w.admit(1900, 2, 1000));
    EXPECT_FALSE(w.admit(1949, 2, 1000));
    EXPECT_TRUE(w.admit(1950, 2, 1000));
}

TEST(RateWindow, TellsHowLongAFullOneStaysFull) {
    rate_window w;
    w.count(100, 1000);
    w.count(300, 1000);
    EXPECT_EQ(w.wait_ms(400, 3, 1000), 0);
    EXPECT_EQ(w.wait_ms(400, 2, 1000), 700);
    EXPECT_EQ(w.wait_ms(400, 1, 1000), 900);
}

TEST(RateWindow, WithoutALimitAdmitsAll) {
    rate_window w;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(w.admit(0, 0, 1000));
}

}  // namespace
}  // namespace consent_sync::hubspot_sim
