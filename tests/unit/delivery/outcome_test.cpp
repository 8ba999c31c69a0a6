// The table of lib/delivery/README.md: what each kind of answer comes to.
#include "delivery/outcome.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using consent::place;
using hubspot::answer_kind;
using hubspot::change_outcome;
using std::chrono::hours;
using std::chrono::seconds;

class OutcomeTest : public testing::Test {
  protected:
    OutcomeTest() {
        b.last.id = 50;
        b.last.begun = now;
        k.accepted.count = 10;
        k.next_attempt = 60;
    }
    void rows(std::size_t count) {
        b.last.accepted_at_begin = k.accepted.count;
        for (std::size_t i = 1; i <= count; ++i) {
            consent::change c;
            c.id = place(1, i);
            c.subscriber = "person" + std::to_string(i) + "@example.org";
            b.content.add(std::move(c), i);
        }
    }
    outcome of(answer_kind kind) {
        j.kind = kind;
        if (j.words.empty()) j.words.push_back({"VALIDATION_ERROR", "no"});
        if (kind == answer_kind::judged) j.changes.resize(b.content.size());
        return decide(b, j, k);
    }
    void others_accepted_since() { k.accepted = {k.accepted.count + 1, 55, now.steady}; }

    config::settings settings;
    pauses held{seconds(60)};
    base::random_engine random{1};
    base::moment now{base::steady_time(hours(1'000)), base::wall_time(hours(500'000))};
    knowledge k{.now = now, .settings = settings, .held = held, .random = random};
    batch b;
    hubspot::judgement j;
};

TEST_F(OutcomeTest, OfEachKindOfAnswer) {
    struct row {
        answer_kind kind;
        std::size_t rows;
        onward then;
        fate what;
        const char* pause;
        int wait_least, wait_most;  // seconds
    };
    for (const row& r : {row{answer_kind::refused, 4, onward::cut, fate::open, "", 0, 0},
                         row{answer_kind::refused, 1, onward::again, fate::suspected, "", 0, 0},
                         row{answer_kind::too_large, 4, onward::halves, fate::open, "", 0, 0},
                         row{answer_kind::too_large, 1, onward::again, fate::suspected, "", 0, 0},
                         row{answer_kind::unauthorized, 4, onward::again, fate::open, "", 0, 0},
                         row{answer_kind::scope_missing, 4, onward::again, fate::open, "scope", 0, 0},
                         row{answer_kind::forbidden, 4, onward::again, fate::open, "scope", 0, 0},
                         row{answer_kind::misconfigured, 4, onward::again, fate::open, "configuration", 0, 0},
                         row{answer_kind::locked, 4, onward::again, fate::open, "", 2, 2},
                         row{answer_kind::rate_limited, 4, onward::again, fate::open, "", 0, 0},
                         row{answer_kind::daily_limited, 4, onward::again, fate::open, "daily limit", 0, 0},
                         row{answer_kind::moving, 4, onward::again, fate::open, "moving", 0, 0},
                         row{answer_kind::unclear, 4, onward::again, fate::open, "", 0, 1},
                         row{answer_kind::unavailable, 4, onward::again, fate::open, "", 0, 1},
                         row{answer_kind::judged, 4, onward::halves, fate::open, "", 0, 1}}) {
        b = {};
        j = {};
        rows(r.rows);
        const outcome o = of(r.kind);
        const std::string which(hubspot::name(r.kind));
        EXPECT_EQ(o.then, r.then) << which;
        EXPECT_EQ(o.count(r.what), r.rows) << which;
        EXPECT_EQ(o.pause ? std::string(name(o.pause->reason)) : "", r.pause) << which;
        EXPECT_GE(o.at - now.steady, seconds(r.wait_least)) << which;
        EXPECT_LE(o.at - now.steady, seconds(r.wait_most)) << which;
        EXPECT_FALSE(o.accepted) << which;
    }
}

TEST_F(OutcomeTest, EachChangeOfAJudgedAnswerHasItsFate) {
    rows(5);
    j.changes.resize(5);
    j.changes[0].outcome = change_outcome::confirmed;
    j.changes[1] = {change_outcome::rejected, {}, 0, 1};
    j.changes[2].outcome = change_outcome::other_status;
    j.changes[3].outcome = change_outcome::other_status;
    b.content.answer_otherwise(3);
    const outcome o = of(answer_kind::judged);
    EXPECT_TRUE(o.accepted);
    EXPECT_EQ(o.items[0].what, fate::confirmed);
    EXPECT_EQ(o.items[1].what, fate::rejected);
    EXPECT_EQ(o.words[o.items[1].words - 1].message, "no");
    EXPECT_EQ(o.items[2].what, fate::open);
    EXPECT_TRUE(o.items[2].answered_otherwise);
    EXPECT_EQ(o.items[3].what, fate::rejected);
    EXPECT_EQ(o.words[o.items[3].words - 1].category, "STATUS_NOT_APPLIED");
    EXPECT_EQ(o.items[4].what, fate::open);
    EXPECT_EQ(o.then, onward::again);
}

TEST_F(OutcomeTest, ErrorsAloneProveNothing) {
    rows(2);
    j.changes.resize(2);
    for (auto& c : j.changes) c = {change_outcome::rejected, {}, 0, 1};
    const outcome o = of(answer_kind::judged);
    EXPECT_EQ(o.count(fate::suspected), 2u);
    EXPECT_TRUE(o.refusal);
}

// No one moment in which HubSpot refuses everything covers both refusals.
TEST_F(OutcomeTest, AChangeIsBadOnAProof) {
    struct row {
        const char* what;
        ledger::attempt_id alone_since, accepted_newest;
        std::size_t accepted, unnamed;
        bool named, unexplained, bad;
    };
    for (const row& r : {row{"refused for the first time", 0, 40, 0, 0, false, false, false},
                         row{"nothing accepted since", 45, 44, 0, 0, false, false, false},
                         row{"refused, accepted, refused", 45, 45, 0, 0, false, false, true},
                         row{"some of its batch accepted since", 0, 45, 2, 2, false, false, false},
                         row{"all others of its batch accepted since", 0, 45, 3, 3, false, false, true},
                         row{"… but not known when it was sent", 0, 39, 3, 3, false, false, false},
                         row{"named, and others accepted without it", 0, 0, 1, 1, true, false, true},
                         row{"named, and the others refused too", 0, 0, 1, 1, true, true, false},
                         row{"named, and nothing accepted", 0, 45, 0, 0, true, false, false}}) {
        b = {};
        rows(1);
        b.past.alone_since = r.alone_since;
        b.last.accepted_newest = r.accepted_newest;
        b.past.refused = std::make_shared<refusal>();
        *b.past.refused = {40, 4, r.accepted, r.unnamed, {}, false, r.unexplained, nullptr};
        if (r.named) b.past.refused->named.push_back(place(1, 1));
        EXPECT_EQ(of(answer_kind::refused).items[0].what, r.bad ? fate::rejected : fate::suspected) << r.what;
    }
}

TEST_F(OutcomeTest, WithNothingElseToSendTimeIsAProof) {
    rows(1);
    b.past.alone = 1;
    b.past.alone_since = 55;
    b.past.named = true;
    j.suspects = {0};
    b.past.alone_at = now.steady - seconds(10);
    EXPECT_EQ(of(answer_kind::refused).items[0].what, fate::suspected) << "other changes may tell";
    k.nothing_else = true;
    EXPECT_EQ(of(answer_kind::refused).items[0].what, fate::rejected);
    b.past.alone_at = now.steady - seconds(9);
    EXPECT_EQ(of(answer_kind::refused).items[0].what, fate::suspected);
    j.suspects.clear();
    b.past.alone_at = now.steady - hours(23);
    EXPECT_EQ(of(answer_kind::refused).items[0].what, fate::suspected) << "HubSpot does not name it";
    b.past.alone_at = now.steady - hours(24);
    EXPECT_EQ(of(answer_kind::refused).items[0].what, fate::rejected);
    held.begin(pause_reason::configuration, "", now);
    EXPECT_EQ(of(answer_kind::refused).items[0].what, fate::suspected) << "HubSpot refuses everything";
}

TEST_F(OutcomeTest, FiveFailuresInARowAreAnOutage) {
    rows(2);
    for (const std::uint32_t before : {0u, 3u, 4u, 9u}) {
        k.failures = before;
        EXPECT_EQ(of(answer_kind::unavailable).pause.has_value(), before >= 4) << before;
        EXPECT_EQ(of(answer_kind::unavailable).failures, before + 1);
    }
    EXPECT_EQ(of(answer_kind::refused).failures, 0u) << "HubSpot is there";
}

TEST_F(OutcomeTest, ALongRetryAfterIsAPauseWhereNothingWasAcceptedLately) {
    rows(2);
    for (const auto told : {seconds(60), seconds(61), seconds(86'400)}) {
        j.retry_after = told;
        EXPECT_EQ(of(answer_kind::unavailable).pause.has_value(), told > seconds(60));
    }
    others_accepted_since();
    const outcome o = of(answer_kind::unavailable);
    EXPECT_FALSE(o.pause);
    EXPECT_EQ(o.at - now.steady, seconds(5)) << "it is about this batch";
}

TEST_F(OutcomeTest, OnlyFailuresWhileOthersAreSettledCost) {
    rows(2);
    b.retry.cost = settings.retry.max_attempts - 1;
    EXPECT_EQ(of(answer_kind::unavailable).then, onward::again);
    b.last.accepted_at_begin = k.accepted.count - 1;
    EXPECT_EQ(of(answer_kind::unavailable).then, onward::halves);
    b.content.remove(1);
    const outcome o = of(answer_kind::unavailable);
    EXPECT_EQ(o.items[0].what, fate::unconfirmed);
    EXPECT_TRUE(o.may_land_later);
}

TEST_F(OutcomeTest, AConnectionThatDiedIdleIsNoFailureTheFirstTime) {
    rows(2);
    b.last.on_new_connection = true;
    const outcome o = of(answer_kind::unavailable);
    EXPECT_TRUE(o.connection_died && o.may_land_later);
    EXPECT_EQ(o.failures, 0u);
    EXPECT_EQ(o.at, now.steady);
}

TEST_F(OutcomeTest, ALockThatLastsIsAPauseOrTheTroubleOfOneChange) {
    rows(2);
    b.retry.locked = 4;
    b.retry.locked_since = now.steady - seconds(30);
    b.retry.accepted_locked = k.accepted.count;
    EXPECT_EQ(of(answer_kind::locked).pause->reason, pause_reason::locked) << "32 s more are beyond a minute";
    others_accepted_since();
    EXPECT_FALSE(of(answer_kind::locked).pause);
    EXPECT_EQ(of(answer_kind::locked).then, onward::halves);
    k.waiting = 50;
    EXPECT_EQ(of(answer_kind::locked).then, onward::again) << "so many are no matter of single changes";
    k.waiting = 0;
    b.content.remove(1);
    outcome o = of(answer_kind::locked);
    EXPECT_EQ(o.notice, "changes.locked");
    EXPECT_TRUE(o.retry.told_locked);
    b.retry.locked_since = now.steady - hours(24);
    EXPECT_EQ(of(answer_kind::locked).items[0].what, fate::unconfirmed);
}

TEST_F(OutcomeTest, AnAssertionIsNeverTriedAgainWhereHubSpotDoesNotAnswer) {
    rows(2);
    b.assertion = true;
    for (const answer_kind kind : {answer_kind::unavailable, answer_kind::moving, answer_kind::judged})
        EXPECT_EQ(of(kind).then, onward::drop);
    EXPECT_EQ(of(answer_kind::refused).then, onward::cut);
    b.content.remove(1);
    EXPECT_EQ(of(answer_kind::refused).items[0].what, fate::rejected);
}

TEST_F(OutcomeTest, AChangeThatNoAnswerNamesIsGivenUpWhereOthersAreSettled) {
    rows(1);
    b.past.accepted_unresolved = k.accepted.count;
    EXPECT_EQ(of(answer_kind::judged).count(fate::open), 1u);
    b.past.accepted_unresolved = k.accepted.count - 1;
    b.retry.unresolved_alone = 1;
    EXPECT_EQ(of(answer_kind::judged).items[0].what, fate::unconfirmed);
}

}  // namespace
}  // namespace consent_sync::delivery
