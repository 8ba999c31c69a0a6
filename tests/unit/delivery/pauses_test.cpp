#include "delivery/pauses.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

base::moment at(std::chrono::seconds after) {
    return {base::steady_time(std::chrono::hours(1) + after), base::wall_time(std::chrono::hours(1) + after)};
}

TEST(Pauses, EveryReasonHasANameThatIsReadBack) {
    for (std::size_t i = 0; i < pause_reason_count; ++i) {
        const auto reason = static_cast<pause_reason>(i);
        EXPECT_EQ(parse_pause_reason(name(reason)), reason);
    }
    EXPECT_EQ(parse_pause_reason("lunch"), std::nullopt);
    EXPECT_EQ(name(pause_reason::daily_limit), "daily limit");
}

TEST(Pauses, TheFirstProbeComesAfterSecondsGrowingToFifteenMinutes) {
    pauses p{minutes(1)};
    EXPECT_TRUE(p.begin(pause_reason::outage, "", at(seconds(0))));
    EXPECT_FALSE(p.probe_due(at(seconds(4)).steady));
    EXPECT_TRUE(p.probe_due(at(seconds(5)).steady));
    for (const int expected : {10, 20, 40, 80, 160, 320, 640, 900, 900}) {
        EXPECT_FALSE(p.begin(pause_reason::outage, "", at(seconds(0))));
        EXPECT_EQ(*p.next_probe(), at(seconds(expected)).steady);
    }
}

TEST(Pauses, ALockIsLookedAtOnceAMinute) {
    pauses p{minutes(1)};
    for (const int expected : {5, 10, 20, 40, 60, 60}) {
        p.begin(pause_reason::locked, "", at(seconds(0)));
        EXPECT_EQ(*p.next_probe(), at(seconds(expected)).steady);
    }
}

TEST(Pauses, TheDaysReserveStopsOptInsAlone) {
    pauses p{minutes(1)};
    EXPECT_TRUE(p.opt_ins_may_go(at(seconds(0)).steady));
    p.begin(pause_reason::daily_reserve, "", at(seconds(0)), std::chrono::hours(20));
    EXPECT_FALSE(p.any());
    EXPECT_FALSE(p.next_probe());
    EXPECT_FALSE(p.opt_ins_may_go(at(seconds(59)).steady));
    EXPECT_TRUE(p.opt_ins_may_go(at(seconds(60)).steady));
    for (const int expected : {2, 4, 8, 16, 32, 64, 120, 120}) {
        p.begin(pause_reason::daily_reserve, "", at(seconds(0)), std::chrono::hours(20));
        EXPECT_FALSE(p.opt_ins_may_go(at(minutes(expected) - seconds(1)).steady));
        EXPECT_TRUE(p.opt_ins_may_go(at(minutes(expected)).steady));
    }
    p.begin(pause_reason::outage, "", at(seconds(0)));
    EXPECT_EQ(*p.next_probe(), at(seconds(5)).steady) << "which waits for no reserve";
}

TEST(Pauses, AShortTimeThatIsToldIsWaitedForAsTold) {
    for (const auto first : {minutes(0), minutes(1), minutes(60)}) {
        pauses p{first};
        p.begin(pause_reason::rate_limit, "", at(seconds(0)), seconds(60));
        EXPECT_EQ(*p.next_probe(), at(seconds(60)).steady);
        EXPECT_EQ(p.find(pause_reason::rate_limit)->until, at(seconds(60)).wall);
    }
}

// One answer that is wrong about a day costs seconds; one that is right costs some twenty requests.
TEST(Pauses, ALongTimeThatIsToldIsProbedAfterSecondsAndThenEverMoreRarely) {
    struct row {
        pause_reason reason;
        int probes_most;
    };
    for (const row& r : {row{pause_reason::moving, 105}, row{pause_reason::daily_limit, 25}}) {
        pauses p{minutes(1)};
        auto now = seconds(0);
        const auto end = seconds(24 * 3'600);
        p.begin(r.reason, "", at(now), end - now);
        EXPECT_EQ(p.find(r.reason)->until, at(end).wall);
        int probes = 0;
        for (const int expected : {5, 10, 20, 40}) {
            EXPECT_EQ(*p.next_probe(), at(now + seconds(expected)).steady);
            now += seconds(expected);
            p.begin(r.reason, "", at(now), end - now);
            ++probes;
        }
        for (; *p.next_probe() < at(end).steady; ++probes) {
            now = std::chrono::duration_cast<seconds>(*p.next_probe() - at(seconds(0)).steady);
            p.begin(r.reason, "", at(now), end - now);
        }
        EXPECT_EQ(*p.next_probe(), at(end).steady) << "never later than it was told";
        EXPECT_LE(probes, r.probes_most);
    }
}

TEST(Pauses, ShortTimesThatAreToldAgainDoNotMakeProbesRarer) {
    pauses p{minutes(1)};
    for (int i = 0; i < 100; ++i) p.begin(pause_reason::rate_limit, "", at(seconds(i * 10)), seconds(10));
    p.probing(at(seconds(1'000)).steady);
    EXPECT_EQ(*p.next_probe(), at(seconds(1'005)).steady) << "a probe that is lost is followed by another in seconds";
}

TEST(Pauses, ProbesWaitForAllOfThem) {
    pauses p{minutes(1)};
    p.begin(pause_reason::outage, "", at(seconds(0)));
    p.begin(pause_reason::rate_limit, "", at(seconds(0)), seconds(10));
    EXPECT_EQ(*p.next_probe(), at(seconds(10)).steady);
    p.end(pause_reason::rate_limit);
    EXPECT_EQ(*p.next_probe(), at(seconds(5)).steady);
}

TEST(Pauses, OperatorAndDiskDoNotProbe) {
    for (const auto reason : {pause_reason::operator_, pause_reason::disk}) {
        pauses p{minutes(1)};
        p.begin(reason, "", at(seconds(0)));
        p.begin(pause_reason::outage, "", at(seconds(0)));
        EXPECT_TRUE(p.any());
        EXPECT_FALSE(p.next_probe());
        EXPECT_FALSE(p.probe_due(at(minutes(1'000)).steady));
    }
}

TEST(Pauses, AProbeOnTheWireHoldsBackTheNext) {
    pauses p{minutes(1)};
    p.begin(pause_reason::outage, "", at(seconds(0)));
    p.probing(at(minutes(1)).steady);
    EXPECT_FALSE(p.probe_due(at(minutes(1) + seconds(3)).steady));
    p.probe_now(pause_reason::outage, at(minutes(1) + seconds(4)).steady);
    EXPECT_TRUE(p.probe_due(at(minutes(1) + seconds(4)).steady));
}

TEST(Pauses, EndSaysWhatEnded) {
    pauses p{minutes(1)};
    p.begin(pause_reason::auth, "no", at(seconds(3)));
    const auto ended = p.end(pause_reason::auth);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->words, "no");
    EXPECT_EQ(ended->since.steady, at(seconds(3)).steady);
    EXPECT_FALSE(p.end(pause_reason::auth));
    EXPECT_FALSE(p.any());
}

}  // namespace
}  // namespace consent_sync::delivery
