#include "delivery/pace.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using hubspot::answer_kind;
using std::chrono::hours;
using std::chrono::seconds;

class PaceTest : public testing::Test {
  protected:
    static base::moment at(base::milliseconds after) {
        return {base::steady_time(hours(1'000)) + after, base::wall_time(hours(24 * 20'000)) + after};
    }
    void answer(answer_kind kind, const outcome& o, base::moment when) {
        j.kind = kind;
        p.conclude(b, a, j, o, when, out);
    }
    std::size_t told(std::string_view event) const {
        return static_cast<std::size_t>(
            std::count_if(out.notices.begin(), out.notices.end(), [&](const notice& n) { return n.event == event; }));
    }
    static budget::next_midnight midnight() {
        return [](base::wall_time t) { return base::wall_time((t.time_since_epoch() / hours(24) + 1) * hours(24)); };
    }

    config::settings settings;
    pace p{settings, midnight()};
    output out;
    batch b;
    hubspot::answer a;
    hubspot::judgement j;
};

TEST_F(PaceTest, TheWindowHoldsBackWhatIsTooMuchAtATime) {
    EXPECT_TRUE(p.may_begin({.count = p.window() - 1}, false, at(seconds(0))));
    EXPECT_FALSE(p.may_begin({.count = p.window()}, false, at(seconds(0))));
    EXPECT_FALSE(p.next_begin({.count = p.window()}, at(seconds(0)).steady, false, at(seconds(0))));
}

TEST_F(PaceTest, NothingLeavesWithoutATokenAndAfterAMinuteThatIsAPause) {
    p.wait_for_token();
    p.watch({}, at(seconds(0)), out);
    EXPECT_FALSE(p.may_begin({}, false, at(seconds(0))));
    EXPECT_EQ(p.next_watch(at(seconds(0))), at(seconds(60)).steady);
    p.watch({}, at(seconds(60)), out);
    EXPECT_TRUE(p.held().find(pause_reason::auth));
    p.on_token(at(seconds(61)));
    EXPECT_TRUE(p.may_begin({}, false, at(seconds(61)))) << "a probe";
}

TEST_F(PaceTest, OneProbeAtATime) {
    p.pause(pause_reason::outage, "no answer", false, at(seconds(0)), std::nullopt, out);
    EXPECT_FALSE(p.may_begin({}, false, at(seconds(4))));
    EXPECT_EQ(p.next_begin({}, at(seconds(0)).steady, false, at(seconds(0))), at(seconds(5)).steady);
    EXPECT_TRUE(p.may_begin({}, false, at(seconds(5))));
    EXPECT_FALSE(p.may_begin({.count = 1, .probe = true}, false, at(seconds(5))));
    EXPECT_TRUE(p.may_begin({.count = 1}, false, at(seconds(5)))) << "what hangs since before does not count";
}

TEST_F(PaceTest, OnlyARequestThatBeganAfterAPauseEndsIt) {
    b.last.begun = at(seconds(0));
    p.pause(pause_reason::outage, "no answer", false, at(seconds(1)), std::nullopt, out);
    outcome accepted;
    accepted.accepted = true;
    answer(answer_kind::judged, accepted, at(seconds(2)));
    EXPECT_TRUE(p.paused());
    b.last.begun = at(seconds(3));
    answer(answer_kind::judged, accepted, at(seconds(4)));
    EXPECT_FALSE(p.paused());
    EXPECT_EQ(told("pause.ended"), 1u);
}

// What an answer about the content ends, and what only an acceptance does.
TEST_F(PaceTest, EachPauseEndsWithWhatDisprovesIt) {
    for (const pause_reason reason :
         {pause_reason::outage, pause_reason::auth, pause_reason::moving, pause_reason::rate_limit,
          pause_reason::locked, pause_reason::scope, pause_reason::configuration, pause_reason::daily_limit}) {
        const bool by_content = reason != pause_reason::scope && reason != pause_reason::configuration &&
                                reason != pause_reason::daily_limit;
        p.pause(reason, "", false, at(seconds(0)), std::nullopt, out);
        b.last.begun = at(seconds(1));
        outcome o;
        o.about_content = true;
        answer(answer_kind::refused, o, at(seconds(2)));
        EXPECT_EQ(p.held().find(reason) == nullptr, by_content) << name(reason);
        o.accepted = true;
        answer(answer_kind::judged, o, at(seconds(2)));
        EXPECT_FALSE(p.held().find(reason)) << name(reason);
    }
}

TEST_F(PaceTest, APauseThatHoldsIsPutOffByItsProbesAlone) {
    outcome o;
    o.pause = outcome::stop{pause_reason::moving, "moving", std::nullopt};
    for (const bool probe : {false, false, true}) {
        b.last.probe = probe;
        answer(answer_kind::moving, o, at(seconds(0)));
        EXPECT_EQ(p.held().find(pause_reason::moving)->next_probe, at(seconds(probe ? 10 : 5)).steady);
    }
    EXPECT_EQ(told("pause.begun"), 1u);
}

TEST_F(PaceTest, TheDaysLimitIsAPauseUntilMidnightThatIsOnDisk) {
    outcome o;
    o.pause = outcome::stop{pause_reason::daily_limit, "used up", std::nullopt};
    answer(answer_kind::daily_limited, o, at(hours(20)));
    EXPECT_EQ(p.held().find(pause_reason::daily_limit)->until, at(hours(24)).wall);
    ASSERT_EQ(out.step.pauses.size(), 1u);
    EXPECT_EQ(out.step.pauses[0].reason, "daily limit");
}

TEST_F(PaceTest, ALasting429DoublesTheWaitUpToAMinute) {
    outcome o;
    o.rate_limited = true;
    b.last.probe = true;
    int now = 0;
    for (const int wait : {10, 20, 40, 60, 60}) {
        answer(answer_kind::rate_limited, o, at(seconds(now)));
        EXPECT_EQ(p.held().find(pause_reason::rate_limit)->until, at(seconds(now + wait)).wall) << wait;
        now += wait;
    }
    p.watch({1, 1, std::nullopt}, at(seconds(now)), out);
    EXPECT_FALSE(p.paused()) << "HubSpot accepted a later request meanwhile";
}

TEST_F(PaceTest, ARefusedTokenIsReadAgainOnce) {
    outcome o;
    o.token_refused = true;
    answer(answer_kind::unauthorized, o, at(seconds(0)));
    EXPECT_TRUE(std::exchange(out.token_refused, false));
    EXPECT_FALSE(p.paused());
    p.on_token(at(seconds(1)));
    answer(answer_kind::unauthorized, o, at(seconds(2)));
    EXPECT_TRUE(p.held().find(pause_reason::auth));
    EXPECT_FALSE(out.token_refused) << "not twice a minute";
}

TEST_F(PaceTest, WhileHubSpotMayRefuseEverythingTenRequestsASecondLeave) {
    p.began(b, true, at(seconds(0)), out);
    EXPECT_FALSE(p.may_begin({.count = 1}, true, at(base::milliseconds(99))));
    EXPECT_TRUE(p.may_begin({.count = 1}, true, at(base::milliseconds(100))));
}

TEST_F(PaceTest, MoreThanFivePercentOfErrorsIsToldOnceADay) {
    a.status = 400;
    for (int i = 0; i < 400; ++i) {
        b.last.written = true;
        p.learn(b, a, j, 0, {}, at(seconds(i)), out);
        EXPECT_EQ(p.many_errors(), i >= 199) << i;
    }
    EXPECT_EQ(told("errors.many"), 1u);
    p.learn(b, a, j, 0, {}, at(hours(25)), out);
    EXPECT_FALSE(p.many_errors());
}

}  // namespace
}  // namespace consent_sync::delivery
