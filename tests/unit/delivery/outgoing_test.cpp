#include "delivery/outgoing.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using consent::place;
using std::chrono::seconds;

class OutgoingTest : public testing::Test {
  protected:
    OutgoingTest() { c.now = base::steady_time(seconds(1'000)); }

    static ledger::fetched_change row(std::uint64_t n, bool opt_out) {
        ledger::fetched_change f;
        f.change.id = place(1, n);
        f.change.subscriber = "person" + std::to_string(n) + "@example.org";
        f.change.state = opt_out ? consent::status_state::unsubscribed : consent::status_state::subscribed;
        f.hash = n;
        return f;
    }
    // Rows of file 1 come, and are fetched as the ledger would.
    void come(std::uint64_t first, std::uint64_t last, bool opt_outs) {
        o.rows().on_rows(place(1, first), place(1, last), opt_outs);
        output out;
        o.ask_for_rows(out);
        for (fetch_request& request : out.fetches) {
            const bool of_opt_outs = request.what == fetch_request::kind::opt_outs;
            fetch_result result{std::move(request), {}, true};
            if (of_opt_outs == opt_outs)
                for (std::uint64_t n = first; n <= last; ++n) result.found.changes.push_back(row(n, opt_outs));
            result.found.scanned_to = place(1, last);
            result.found.reached_end = true;
            lane_effects effects;
            o.fetched(std::move(result), c.now, effects);
        }
    }
    batch* sent() {
        batch* b = o.pick(c);
        if (b) b->where = batch::place::open;
        return b;
    }
    bool wait(batch& b, seconds wait_for) {
        lane_effects effects;
        return o.wait(b, c.now + wait_for, effects);
    }

    base::random_engine random{1};
    engine_bounds bounds;
    outgoing o{bounds, 3, random};
    conditions c;
};

TEST_F(OutgoingTest, OptOutsGoFirstAndOptInsFillTheBatch) {
    come(1, 4, false);
    come(5, 6, true);
    batch* b = sent();
    ASSERT_TRUE(b);
    EXPECT_EQ(b->content.opt_outs(), 2u);
    EXPECT_EQ(b->content.size(), 3u);
    b = sent();
    ASSERT_TRUE(b);
    EXPECT_EQ(b->content.opt_outs(), 0u);
}

TEST_F(OutgoingTest, ABatchThatIsNotFullWaits) {
    c.max_wait = seconds(1);
    come(1, 2, false);
    EXPECT_FALSE(sent());
    EXPECT_EQ(o.next_work(c), c.now + seconds(1));
    c.now += seconds(1);
    EXPECT_TRUE(sent());
}

TEST_F(OutgoingTest, OptInsWaitAtTheReserve) {
    come(1, 1, false);
    come(2, 2, true);
    c.opt_ins_may_go = false;
    c.opt_ins_from = c.now + seconds(60);
    batch* b = sent();
    ASSERT_TRUE(b);
    EXPECT_EQ(b->content.size(), 1u);
    EXPECT_FALSE(sent());
    EXPECT_EQ(o.next_work(c), c.opt_ins_from);
    EXPECT_TRUE(o.nothing_left(true));
    EXPECT_FALSE(o.nothing_left(false));
}

TEST_F(OutgoingTest, WhereHubSpotRefusesRowsOptOutsGoByThemselves) {
    come(1, 2, false);
    come(3, 3, true);
    c.some_refused = true;
    EXPECT_EQ(sent()->content.size(), 1u);
}

TEST_F(OutgoingTest, ABatchThatWaitsComesInItsTime) {
    come(1, 3, false);
    batch* b = sent();
    EXPECT_TRUE(wait(*b, seconds(5)));
    EXPECT_EQ(o.waiting(), 1u);
    EXPECT_FALSE(sent());
    EXPECT_EQ(o.next_work(c), c.now + seconds(5));
    c.now += seconds(5);
    EXPECT_EQ(sent(), b);
    EXPECT_EQ(o.waiting(), 0u);
}

TEST_F(OutgoingTest, FreshOptOutsAndThoseThatWereSentBeforeTakeTurns) {
    come(1, 3, true);
    batch* before = sent();
    wait(*before, seconds(0));
    come(4, 9, true);
    int of_before = 0;
    for (int i = 0; i < 2; ++i) of_before += sent() == before;
    EXPECT_EQ(of_before, 1);
}

TEST_F(OutgoingTest, InDoubtTheNewestGoesAloneAndTheOldestTogetherByTurns) {
    come(1, 6, false);
    c.may_refuse_everything = true;
    batch* alone = sent();
    ASSERT_EQ(alone->content.size(), 1u);
    EXPECT_EQ(alone->content[0].id, place(1, 6));
    batch* whole = sent();
    ASSERT_EQ(whole->content.size(), 3u);
    EXPECT_EQ(whole->content[0].id, place(1, 1));
}

// Where all has been refused, single changes of refused batches are asked with.
TEST_F(OutgoingTest, InDoubtWithNothingFreshAChangeOfARefusedBatchGoesAlone) {
    come(1, 3, false);
    batch* refused = sent();
    wait(*refused, seconds(0));
    c.may_refuse_everything = true;
    batch* alone = sent();
    ASSERT_TRUE(alone);
    EXPECT_NE(alone, refused);
    EXPECT_EQ(alone->content.size(), 1u);
    EXPECT_EQ(refused->content.size(), 2u);
}

TEST_F(OutgoingTest, ANewerOptOutSupersedesWhatWaits) {
    come(1, 2, false);
    c.max_wait = seconds(0);
    batch* b = sent();
    wait(*b, seconds(5));
    ledger::fetched_change newer = row(1, true);
    newer.change.id = place(2, 1);
    lane_effects effects;
    o.keys().admit(std::move(newer), c.now, effects);
    ASSERT_EQ(effects.superseded_in_batch.size(), 1u);
    std::optional<superseded_change> lost;
    lane_effects more;
    EXPECT_FALSE(o.lose(effects.superseded_in_batch[0], more, lost));
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->by, place(2, 1));
    EXPECT_EQ(b->content.size(), 1u);
    EXPECT_EQ(o.keys().ready(lane::opt_out), 1u);
}

TEST_F(OutgoingTest, SingleChangesAreJoinedAgain) {
    come(1, 3, false);
    std::vector<batch*> single{sent()};
    while (single[0]->content.size() > 1) single.push_back(&o.split_last(*single[0]));
    single[1]->past.alone_since = 9;
    const auto joined = o.join(single, true);
    ASSERT_EQ(joined.size(), 1u);
    EXPECT_EQ(joined[0]->content.size(), 3u);
    EXPECT_EQ(joined[0]->past.alone_since, 9);
    EXPECT_TRUE(joined[0]->past.cut);
}

TEST_F(OutgoingTest, TheMarkWaitsForReleasedFiles) {
    come(1, 2, false);
    for (std::uint64_t n = 1; n <= 2; ++n) o.rows().settled(place(1, n));
    EXPECT_EQ(o.rows().mark(), place(1, 2));
    o.rows().on_released(place(3, 1), place(3, 5));
    EXPECT_FALSE(o.rows().mark());
}

}  // namespace
}  // namespace consent_sync::delivery
