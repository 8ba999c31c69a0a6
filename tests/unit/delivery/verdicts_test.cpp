// What an outcome writes down, and where the changes go that it leaves open.
#include "delivery/verdicts.hpp"

#include <gtest/gtest.h>

#include "delivery/follow_up.hpp"

namespace consent_sync::delivery {
namespace {

using consent::place;
using std::chrono::hours;
using std::chrono::seconds;

class VerdictsTest : public testing::Test {
  protected:
    VerdictsTest() { written.start(now); }

    // A batch of opt-ins that is on the wire.
    batch& on_wire(std::uint64_t rows) {
        lane_effects effects;
        for (std::uint64_t n = 1; n <= rows; ++n) {
            ledger::fetched_change f;
            f.change.id = place(1, n);
            f.change.subscriber = "person" + std::to_string(n) + "@example.org";
            f.hash = n;
            leaving.keys().admit(std::move(f), now.steady, effects);
        }
        conditions c;
        c.now = now.steady;
        batch& b = *leaving.pick(c);
        b.last.id = 40;
        b.last.begun = now;
        b.attempts = 1;
        return b;
    }
    outcome plain(const batch& b) const {
        outcome o;
        o.items.resize(b.content.size());
        o.past = b.past;
        o.at = now.steady;
        return o;
    }
    static std::vector<std::uint64_t> row_numbers(const std::vector<place>& places) {
        std::vector<std::uint64_t> rows;
        for (const place p : places) rows.push_back(p.row());
        return rows;
    }
    std::vector<std::size_t> sizes_waiting() {
        conditions c;
        c.now = now.steady + hours(1);
        std::vector<std::size_t> sizes;
        while (const batch* b = leaving.pick(c)) sizes.push_back(b->content.size());
        std::sort(sizes.begin(), sizes.end());
        return sizes;
    }

    base::moment now{base::steady_time(hours(1'000)), base::wall_time(hours(500'000))};
    config::settings settings;
    base::random_engine random{1};
    engine_bounds bounds;
    output out;
    outgoing leaving{bounds, 100, random};
    pace when{settings, [](base::wall_time t) { return t + hours(24); }};
    late_writes late{std::chrono::minutes(10)};
    verdicts written{late, leaving, out};
    follow_up next{leaving, when, late, written, random, out};
    hubspot::answer a;
    hubspot::judgement j;
};

TEST_F(VerdictsTest, RecordAndVerdictsComeFromOneOutcome) {
    batch& b = on_wire(4);
    j.kind = hubspot::answer_kind::judged;
    j.correlation_id = "abc";
    j.words.push_back({"VALIDATION_ERROR", "no"});
    j.changes.resize(4);
    outcome o = plain(b);
    o.accepted = o.may_land_later = true;
    o.words = j.words;
    o.items[0].what = fate::confirmed;
    o.items[1] = {fate::rejected, false, 1};
    o.items[2].what = fate::suspected;
    written.write(b, a, j, o, now);
    ASSERT_EQ(out.step.ends.size(), 1u);
    EXPECT_EQ(row_numbers(out.step.ends[0].unsettled), (std::vector<std::uint64_t>{3, 4}));
    EXPECT_EQ(out.step.ends[0].category, "") << "the words are those of row 2";
    ASSERT_EQ(out.step.settled.size(), 2u);
    EXPECT_EQ(out.step.settled[0].verdict, consent::verdict::confirmed);
    EXPECT_EQ(out.step.settled[1].verdict, consent::verdict::rejected);
    EXPECT_EQ(out.step.settled[1].attempt, 40);
    EXPECT_EQ(out.step.settled[1].reason->message, "no");
    EXPECT_EQ(out.step.settled[1].reason->correlation_id, "abc");
    EXPECT_EQ(out.free_keys, (std::vector<consent::key_hash>{1, 2}));
    EXPECT_EQ(late.open(), 1u) << "row 4 may land later";
}

TEST_F(VerdictsTest, ARefusedBatchIsCutInFourAndSomeAreKeptBack) {
    batch& b = on_wire(100);
    j.kind = hubspot::answer_kind::refused;
    j.words.push_back({"VALIDATION_ERROR", "no"});
    outcome o = plain(b);
    o.words = j.words;
    o.refusal = true;
    o.then = onward::cut;
    next.go_on(b, j, o, {}, 41, now);
    EXPECT_EQ(next.refused().kept(), refusals::kept_most);
    EXPECT_EQ(sizes_waiting(), (std::vector<std::size_t>{23, 23, 23, 23}));
}

TEST_F(VerdictsTest, AChangeThatHubSpotNamesWaitsAsideForTheOthers) {
    batch& b = on_wire(100);
    j.kind = hubspot::answer_kind::refused;
    j.words.push_back({"VALIDATION_ERROR", "row 7 is bad"});
    j.suspects = {6};
    outcome o = plain(b);
    o.words = j.words;
    o.refusal = true;
    o.then = onward::cut;
    next.go_on(b, j, o, {}, 41, now);
    EXPECT_EQ(next.refused().suspected(), 1u);
    ASSERT_EQ(sizes_waiting(), std::vector<std::size_t>{99});

    // The others are accepted: that is the proof, in the words of the refusal.
    b.last.id = 41;
    j = {};
    j.kind = hubspot::answer_kind::judged;
    j.changes.resize(99);
    o = plain(b);
    o.accepted = true;
    for (auto& item : o.items) item.what = fate::confirmed;
    written.write(b, a, j, o, now);
    next.go_on(b, j, o, {1, 41, now.steady}, 42, now);
    ASSERT_EQ(out.step.settled.size(), 100u);
    EXPECT_EQ(out.step.settled.back().id, place(1, 7));
    EXPECT_EQ(out.step.settled.back().verdict, consent::verdict::rejected);
    EXPECT_EQ(out.step.settled.back().reason->message, "row 7 is bad");
    EXPECT_EQ(next.refused().suspected(), 0u);
}

TEST_F(VerdictsTest, WhatIsLeftOpenGoesInHalves) {
    batch& b = on_wire(5);
    outcome o = plain(b);
    o.then = onward::halves;
    next.go_on(b, j, o, {}, 41, now);
    EXPECT_EQ(sizes_waiting(), (std::vector<std::size_t>{2, 3}));
}

}  // namespace
}  // namespace consent_sync::delivery
