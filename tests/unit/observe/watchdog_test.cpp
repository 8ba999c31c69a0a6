#include "observe/watchdog.hpp"

#include <gtest/gtest.h>

namespace consent_sync::observe {
namespace {

using namespace std::chrono_literals;

const base::steady_time now{1'000s};

TEST(ProgressWatch, IsContentWhenNothingIsDue) {
    const progress_watch w(60s);
    EXPECT_TRUE(w.moves(std::nullopt, now));
    EXPECT_TRUE(w.moves(now + 1h, now));
    EXPECT_TRUE(w.moves(now - 29s, now));
}

TEST(ProgressWatch, SeesAWakeUpThatWasLost) {
    const progress_watch w(60s);
    EXPECT_FALSE(w.moves(now - 30s, now));
}

TEST(ProgressWatch, AsksOftenEnoughThatOneMissedTurnDoesNoHarm) { EXPECT_LE(progress_watch(60s).ask_every() * 2, 30s); }

}  // namespace
}  // namespace consent_sync::observe
