#include "observe/counters.hpp"

#include <gtest/gtest.h>

namespace consent_sync::observe {
namespace {

using consent::verdict;
using std::chrono::seconds;

base::steady_time at(std::chrono::milliseconds after) { return base::steady_time(std::chrono::hours(1)) + after; }

TEST(Histogram, ABoundIsTheLargestValueThatBelongsToIt) {
    histogram h({1, 2, 5});
    for (const double value : {0.5, 1.0, 1.5, 2.0, 5.0, 6.0}) h.add(value);
    EXPECT_EQ(h.below(0), 2u);
    EXPECT_EQ(h.below(1), 4u);
    EXPECT_EQ(h.below(2), 5u);
    EXPECT_EQ(h.count(), 6u);
    EXPECT_DOUBLE_EQ(h.sum(), 16.0);
}

TEST(PaceMeter, CountsTheLastMinuteAndNothingOlder) {
    pace_meter pace;
    const auto start = at(seconds(0));
    pace.add(600, at(seconds(0)));
    EXPECT_DOUBLE_EQ(pace.per_second(at(seconds(10)), start), 60.0) << "a young daemon has no whole minute";
    pace.add(600, at(seconds(59)));
    EXPECT_DOUBLE_EQ(pace.per_second(at(seconds(59)), start - std::chrono::hours(1)), 20.0);
    EXPECT_DOUBLE_EQ(pace.per_second(at(seconds(60)), start), 10.0) << "the first second is a minute old";
    EXPECT_DOUBLE_EQ(pace.per_second(at(seconds(600)), start), 0.0);
    pace.add(6, at(seconds(659)));
    EXPECT_DOUBLE_EQ(pace.per_second(at(seconds(659)), start), 0.1) << "a second of an earlier minute counts anew";
}

TEST(Counters, AVerdictThatTheLedgerDidNotTakeIsNoVerdict) {
    counters c;
    ledger::ledger_change step;
    for (const verdict v : {verdict::confirmed, verdict::rejected, verdict::confirmed}) {
        ledger::settled_change settled;
        settled.verdict = v;
        step.settled.push_back(settled);
    }
    const std::size_t refused[] = {1};
    c.committed(step, refused, at(seconds(0)));
    EXPECT_EQ(c.verdicts()[static_cast<std::size_t>(verdict::confirmed)], 2u);
    EXPECT_EQ(c.verdicts()[static_cast<std::size_t>(verdict::rejected)], 0u);
    EXPECT_EQ(c.verdicts_refused(), 1u);
}

TEST(Counters, OnlyAttemptsThatConfirmedMoveTheTimeOfTheLastOne) {
    counters c;
    ledger::ledger_change step;
    ledger::attempt_end end;
    end.ended_at = base::from_unix_ms(5'000);
    end.status = 200;
    end.duration = base::milliseconds(250);
    step.ends.push_back(end);
    ledger::settled_change settled;
    settled.verdict = verdict::rejected;
    step.settled.push_back(settled);
    c.committed(step, {}, at(seconds(0)));
    EXPECT_EQ(c.last_confirmed(), base::wall_time{});
    step.settled[0].verdict = verdict::confirmed;
    c.committed(step, {}, at(seconds(1)));
    EXPECT_EQ(c.last_confirmed(), end.ended_at);
    EXPECT_EQ(c.requests().at(200), 2u);
    EXPECT_DOUBLE_EQ(c.latency().sum(), 0.5);
}

}  // namespace
}  // namespace consent_sync::observe
