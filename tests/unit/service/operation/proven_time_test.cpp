#include "service/operation/proven_time.hpp"

#include <gtest/gtest.h>

namespace consent_sync::service {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;

constexpr base::wall_time today = base::wall_time(hours(24) * 20'000);
constexpr auto day = 24h;

// A daemon whose clock is `off`, looking every five minutes.
class machine {
  public:
    explicit machine(base::wall_time recorded, base::milliseconds off = 0ms, bool synchronised = false)
        : proven(recorded), off_(off), synchronised_(synchronised) {
        look();
    }
    void run(base::milliseconds time) {
        for (base::milliseconds passed(0); passed < time; passed += 5min) {
            now_ += 5min;
            look();
        }
    }
    void set_clock(base::milliseconds off) { off_ = off; }
    void synchronise(bool is) { synchronised_ = is; }
    base::milliseconds proven_after() const {  // today
        return std::chrono::duration_cast<base::milliseconds>(proven.time() - today);
    }
    proven_time proven;

  private:
    void look() { proven.look({{base::steady_time(now_), today + now_ + off_}, synchronised_}); }
    base::milliseconds now_{0};
    base::milliseconds off_;
    bool synchronised_;
};

TEST(ProvenTime, FollowsAClockThatRuns) {
    machine m(today);
    m.run(100 * day);
    EXPECT_EQ(m.proven_after(), 100 * day);
    EXPECT_EQ(m.proven.ahead(), 0ms);
}

TEST(ProvenTime, StartProvesNothing) {
    const machine m(today - 60 * day);
    EXPECT_EQ(m.proven_after(), -60 * day);
    EXPECT_EQ(m.proven.ahead(), 60 * day);
}

TEST(ProvenTime, AYearAheadForAnHourMovesItByThree) {
    machine m(today, 365 * day);
    m.run(1h);
    EXPECT_EQ(m.proven_after(), 3h);
    m.set_clock(0ms);
    m.run(5min);
    EXPECT_EQ(m.proven_after(), 65min);
    EXPECT_EQ(m.proven.ahead(), 0ms);
    m.run(day);
    EXPECT_EQ(m.proven_after(), day + 65min);
}

TEST(ProvenTime, AfterTwoMonthsDownItIsThereWithinTwoDaysWhereTheClockIsSynchronised) {
    machine m(today - 60 * day, 0ms, true);
    m.run(1h);
    EXPECT_GT(m.proven.ahead(), 59 * day);
    m.run(31h);
    EXPECT_EQ(m.proven.ahead(), 0ms);
}

TEST(ProvenTime, AfterTwoMonthsDownItTakesADayLongerWhereNobodySaysWhetherTheClockIsRight) {
    machine m(today - 60 * day);
    m.run(23h);
    EXPECT_FALSE(m.proven.trusts_clock());
    EXPECT_GT(m.proven.ahead(), 57 * day);
    m.run(33h);
    EXPECT_EQ(m.proven.ahead(), 0ms);
}

TEST(ProvenTime, NoHourGainsMoreThanTwoDays) {
    machine m(today - 365 * day, 0ms, true);
    m.run(day);
    for (int i = 0; i < 100; ++i) {
        const auto before = m.proven_after();
        m.run(1h);
        EXPECT_LE(m.proven_after() - before, 2 * day);
    }
}

TEST(ProvenTime, MachineThatIsOffAtNightKeepsUp) {
    base::wall_time recorded = today;
    for (int i = 1; i <= 100; ++i) {
        machine m(recorded, i * day);  // nine hours a day
        m.run(9h);
        recorded = m.proven.time();
        EXPECT_LE(m.proven.ahead(), 15h) << i;
    }
}

TEST(ProvenTime, ClockThatWentBackTakesItAlong) {
    machine m(today);
    m.run(2 * day);
    m.set_clock(-10 * day);
    m.run(5min);
    EXPECT_EQ(m.proven_after(), -8 * day + 5min);
    m.set_clock(0ms);  // and forth again: that has to be proven, too
    m.run(5min);
    EXPECT_LE(m.proven_after(), -8 * day + 20min);
}

TEST(ProvenTime, AJumpBeginsTheWaitAnew) {
    machine m(today - 60 * day);
    m.run(23h);
    m.set_clock(300 * day);
    m.run(23h);
    EXPECT_FALSE(m.proven.trusts_clock());
    EXPECT_LE(m.proven_after(), -60 * day + 3 * 46h);
}

TEST(ProvenTime, ClockThatIsSetRightLittleByLittleDoesNotJump) {
    machine m(today - 60 * day);
    for (int i = 0; i < 26; ++i) {
        m.run(1h);
        m.set_clock(i * 500ms);
    }
    EXPECT_TRUE(m.proven.trusts_clock());
}

TEST(ProvenTime, SynchronisationThatWasLostCountsNoMore) {
    machine m(today - 60 * day, 0ms, true);
    m.run(55min);
    m.synchronise(false);
    m.run(2h);
    EXPECT_FALSE(m.proven.trusts_clock());
    m.synchronise(true);
    m.run(55min);
    EXPECT_FALSE(m.proven.trusts_clock());
    m.run(5min);
    EXPECT_TRUE(m.proven.trusts_clock());
}

}  // namespace
}  // namespace consent_sync::service
