#include "delivery/late_writes.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

using consent::place;
using std::chrono::minutes;

constexpr base::wall_time began = base::wall_time(std::chrono::hours(500'000));
constexpr auto window = minutes(10);

class LateWritesTest : public testing::Test {
  protected:
    static consent::change make(int file, bool opt_out = false) {
        consent::change c;
        c.id = place(static_cast<consent::arrival_number>(file), 1);
        c.subscriber = "ann@x.org";
        c.state = opt_out ? consent::status_state::unsubscribed : consent::status_state::subscribed;
        return c;
    }
    // The change that is to be asserted then; place(): none.
    place due(base::wall_time now) {
        const auto all = w.take_due(now, 100, out);
        return all.empty() ? place() : all.front().change;
    }

    late_writes w{window};
    ledger::ledger_change out;
    const consent::change older = make(1);
    const consent::change newer_out = make(2, true);
};

TEST_F(LateWritesTest, QuietKeysCostNothing) {
    w.began(older, 7, out);
    w.confirmed(older, 7, began, out);
    w.rejected(older, 7, out);
    EXPECT_EQ(w.open(), 0u);
    EXPECT_TRUE(out.empty());
}

TEST_F(LateWritesTest, AnUnansweredAttemptIsOnRecordUntilTheWindowHasPassed) {
    w.unanswered(older, 7, began, out);
    ASSERT_EQ(out.late_writes.size(), 1u);
    EXPECT_EQ(out.late_writes[0].quiet_at, began + window);
    EXPECT_EQ(w.next_due(), began + window);
    EXPECT_EQ(due(began + window - minutes(1)), place());
    EXPECT_EQ(due(began + window), older.id) << "never confirmed: it is asserted";
}

// Else a restart knows the older change alone, and asserts it after the newer one was sent.
TEST_F(LateWritesTest, ANewerAttemptIsOnRecordWithItsBegin) {
    w.unanswered(older, 7, began, out);
    out = {};
    w.began(newer_out, 7, out);
    ASSERT_EQ(out.late_writes.size(), 1u);
    EXPECT_EQ(out.late_writes[0].change, newer_out.id);
    EXPECT_EQ(out.late_writes[0].hash, 7u);
    EXPECT_TRUE(out.late_writes[0].opt_out);
    EXPECT_EQ(out.late_writes[0].quiet_at, base::wall_time{}) << "it is not unanswered itself";
    // What is on disk then is all that a restart has.
    std::vector<ledger::late_write> on_disk = out.late_writes;
    ledger::late_write first;
    first.hash = 7;
    first.change = older.id;
    first.quiet_at = began + window;
    on_disk.push_back(first);
    late_writes restarted{window};
    restarted.restore(on_disk, began);
    const auto asserted = restarted.take_due(began + window, 100, out);
    ASSERT_EQ(asserted.size(), 1u);
    EXPECT_EQ(asserted[0].change, newer_out.id);
}

TEST_F(LateWritesTest, ItsOwnConfirmationNeedsNoAssertion) {
    w.unanswered(older, 7, began, out);
    w.began(older, 7, out);
    w.confirmed(older, 7, began + minutes(1), out);
    EXPECT_EQ(w.open(), 1u) << "the window has not passed: a newer change may come";
    EXPECT_EQ(due(began + window), place());
    EXPECT_EQ(w.open(), 0u);
    ASSERT_EQ(out.quiet.size(), 1u);
    EXPECT_TRUE(out.late_writes.empty()) << "the step deletes before it writes";
}

TEST_F(LateWritesTest, ANewerConfirmedChangeIsAssertedAfterTheWindow) {
    w.unanswered(older, 7, began, out);
    w.began(newer_out, 7, out);
    w.confirmed(newer_out, 7, began + minutes(1), out);
    EXPECT_EQ(due(began + window), newer_out.id);
    w.confirmed(newer_out, 7, began + window, out);
    EXPECT_EQ(w.open(), 0u);
}

TEST_F(LateWritesTest, AConfirmedNewerChangeThatBeganAfterTheWindowEndsTheDuty) {
    w.unanswered(older, 7, began, out);
    w.began(newer_out, 7, out);
    w.confirmed(newer_out, 7, began + window, out);
    EXPECT_EQ(w.open(), 0u);
}

TEST_F(LateWritesTest, WhereTheNewerIsRejectedTheOlderIsAsserted) {
    const consent::change newer = make(3);
    w.unanswered(older, 7, began, out);
    w.began(newer, 7, out);
    w.rejected(newer, 7, out);
    EXPECT_EQ(due(began + window), older.id);
}

TEST_F(LateWritesTest, NobodyIsSubscribedAgainAfterARejectedOptOut) {
    w.unanswered(older, 7, began, out);
    w.began(newer_out, 7, out);
    w.rejected(newer_out, 7, out);
    EXPECT_EQ(due(began + window), place());
    EXPECT_EQ(w.open(), 0u);
}

TEST_F(LateWritesTest, WhereEverythingIsRejectedAnOlderOptOutIsLookedForAndAsserted) {
    const consent::change newer = make(3);
    w.unanswered(newer, 7, began, out);
    w.rejected(newer, 7, out);
    const auto all = w.take_due(began + window, 100, out);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_TRUE(all[0].look_up);
    EXPECT_EQ(all[0].change, newer.id);
    EXPECT_EQ(w.open(), 1u);
    ledger::fetched_change found;
    found.change = newer_out;
    found.confirmed = true;
    w.older(7, &found, began + window, out);
    EXPECT_EQ(out.late_writes.back().change, newer_out.id) << "the duty is on record with it";
    EXPECT_EQ(due(began + window), newer_out.id);
    w.confirmed(newer_out, 7, began + window, out);
    EXPECT_EQ(w.open(), 0u);
}

TEST_F(LateWritesTest, WhereEverythingIsRejectedAndNobodyHadLeftNothingIsOwed) {
    for (const bool found_opt_in : {false, true}) {
        const consent::change newer = make(3);
        w.unanswered(newer, 7, began, out);
        w.rejected(newer, 7, out);
        EXPECT_EQ(w.take_due(began + window, 100, out).size(), 1u);
        ledger::fetched_change found;
        found.change = older;
        w.older(7, found_opt_in ? &found : nullptr, began + window, out);
        EXPECT_EQ(w.open(), 0u);
    }
}

TEST_F(LateWritesTest, ARejectedOptOutSubscribesNobody) {
    w.unanswered(newer_out, 7, began, out);
    w.rejected(newer_out, 7, out);
    EXPECT_EQ(due(began + window), place());
    EXPECT_EQ(w.open(), 0u);
}

TEST_F(LateWritesTest, AnotherUnansweredAttemptProlongsTheWindow) {
    w.unanswered(older, 7, began, out);
    w.unanswered(older, 7, began + minutes(5), out);
    EXPECT_EQ(due(began + window), place());
    EXPECT_EQ(due(began + minutes(15)), older.id);
}

TEST_F(LateWritesTest, APostponedDutyNeverComesBeforeItsWindow) {
    w.unanswered(older, 7, began, out);
    w.postpone(7, began + minutes(1));
    EXPECT_EQ(w.next_due(), began + window);
    EXPECT_EQ(due(began + window), older.id);
    EXPECT_FALSE(w.next_due());
    w.postpone(7, began + minutes(12));
    EXPECT_EQ(w.next_due(), began + minutes(12));
}

TEST_F(LateWritesTest, ADutyWhoseKeyWasBusyIsLookedAtWhenThatIsThroughUnlessItHasATimeAlready) {
    w.unanswered(older, 7, began, out);
    EXPECT_EQ(due(began + window), older.id);
    w.look_again(7);
    EXPECT_EQ(due(began + window), older.id);
    w.postpone(7, began + minutes(12));
    w.look_again(7);
    EXPECT_EQ(w.next_due(), began + minutes(12));
}

TEST_F(LateWritesTest, AConfirmationThatCameTooEarlyLeavesTheDutyWithATime) {
    w.unanswered(older, 7, began, out);
    EXPECT_EQ(due(began + window), older.id);
    w.unanswered(older, 7, began + minutes(11), out);
    EXPECT_EQ(due(began + minutes(30)), older.id);
    w.confirmed(older, 7, began + minutes(12), out);
    EXPECT_TRUE(w.next_due());
}

TEST_F(LateWritesTest, ARefusedAssertionOfAConfirmedChangeProvesNothing) {
    w.unanswered(older, 7, began, out);
    w.began(newer_out, 7, out);
    w.confirmed(newer_out, 7, began + minutes(1), out);
    EXPECT_FALSE(w.refused_again(newer_out, 7, 1, 3, out));
    EXPECT_FALSE(w.refused_again(newer_out, 7, 5, 7, out));
}

TEST_F(LateWritesTest, AnAssertionThatIsRefusedTwiceWhileOthersAreAcceptedCountsAsRejected) {
    w.unanswered(older, 7, began, out);
    EXPECT_FALSE(w.refused_again(older, 7, 1, 5, out));
    EXPECT_FALSE(w.refused_again(older, 7, 4, 7, out)) << "what was accepted between the two had begun before";
    EXPECT_TRUE(w.refused_again(older, 7, 5, 9, out));
    const auto all = w.take_due(began + window, 100, out);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_TRUE(all[0].look_up);
    w.older(7, nullptr, began + window, out);
    EXPECT_EQ(w.open(), 0u);
}

TEST_F(LateWritesTest, AfterARestartTheWindowBeginsAnewWhateverTheClockSays) {
    for (const int hours : {-5, 0, 5}) {
        ledger::late_write late;
        late.hash = 7;
        late.change = older.id;
        late.quiet_at = began + std::chrono::hours(hours);
        late_writes again(window);
        again.restore({late}, began);
        EXPECT_EQ(again.next_due(), began + window);
        EXPECT_EQ(again.take_due(began + window, 1, out).front().change, older.id);
    }
}

TEST_F(LateWritesTest, GivesAtMostWhatIsAskedFor) {
    for (consent::key_hash hash = 1; hash <= 10; ++hash) w.unanswered(older, hash, began, out);
    EXPECT_EQ(w.take_due(began + window, 3, out).size(), 3u);
    EXPECT_EQ(w.take_due(began + window, 100, out).size(), 7u);
    EXPECT_EQ(w.take_due(began + window, 100, out).size(), 0u) << "not named again before they are postponed";
}

}  // namespace
}  // namespace consent_sync::delivery
