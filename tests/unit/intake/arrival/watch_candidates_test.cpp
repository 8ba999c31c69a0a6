#include "intake/arrival/watch_candidates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace consent_sync::intake {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// The inbox and its clock as the test says.
class WatchCandidates : public testing::Test {
  protected:
    base::moment now() const { return now_; }
    void pass(base::milliseconds time) {
        now_.steady += time;
        now_.wall += time;
    }
    observation file(std::uint64_t size) const { return file(size, now_.wall); }
    static observation file(std::uint64_t size, base::wall_time changed) {
        const std::int64_t ns = base::to_unix_ms(changed) * 1'000'000;
        return {.size = size, .mtime_ns = ns, .ctime_ns = ns};
    }
    void note(const std::string& name, arrival_way way) { candidates.note(name, way, file(1), now_); }
    std::vector<std::string> due() const { return candidates.due(now_, 1'000); }
    // What is taken now, if everything looks as it did when it was noted at `seen`.
    std::vector<std::string> take(const observation& seen) {
        std::vector<std::string> taken;
        for (const std::string& name : due()) {
            if (candidates.judge(name, seen, now_).action == settle_action::take) taken.push_back(name);
        }
        return taken;
    }

    base::moment now_{base::steady_time(1'000s), base::from_unix_ms(1'800'000'000'000)};
    watch_candidates candidates{inbox_limits{.settle = 2s, .max_bytes = 100}, 5};
};

TEST_F(WatchCandidates, TakesARenamedFileAtOnce) {
    note("x", arrival_way::renamed);
    EXPECT_THAT(take(file(1)), ElementsAre("x"));
    EXPECT_EQ(candidates.size(), 0U);
    EXPECT_FALSE(candidates.next_due());
}

TEST_F(WatchCandidates, WaitsUntilAWrittenFileIsStill) {
    const observation first = file(1);
    note("x", arrival_way::written);
    EXPECT_THAT(due(), IsEmpty());
    EXPECT_EQ(*candidates.next_due(), now().steady + 2s);
    pass(2s);
    EXPECT_THAT(take(first), ElementsAre("x"));
}

// A writer that needs ten seconds and pauses for less than the settle time between its writes.
TEST_F(WatchCandidates, FollowsASlowWriter) {
    note("x", arrival_way::written);
    observation last;
    for (int i = 2; i <= 7; ++i) {
        pass(1'900ms);
        last = file(static_cast<std::uint64_t>(i));
        for (const std::string& name : due()) {
            EXPECT_EQ(candidates.judge(name, last, now()).action, settle_action::wait) << i;
        }
    }
    pass(1'999ms);
    EXPECT_THAT(take(last), IsEmpty());
    pass(2s);
    EXPECT_THAT(take(last), ElementsAre("x"));
}

TEST_F(WatchCandidates, AnEventBeginsTheWaitAnew) {
    note("x", arrival_way::written);
    pass(1s);
    const observation closed = file(1);
    note("x", arrival_way::written);
    pass(1s);
    EXPECT_THAT(due(), IsEmpty());
    pass(1s);
    EXPECT_THAT(take(closed), ElementsAre("x"));
}

// OpenSSH's sftp-server renames by link() and unlink(): CREATE of a file that is complete, whose ctime then
// changes.
TEST_F(WatchCandidates, TakesSftpsRenameAfterTheSettleTime) {
    observation linked = file(1, now().wall - 1h);
    linked.ctime_ns = base::to_unix_ms(now().wall) * 1'000'000;
    candidates.note("x", arrival_way::written, linked, now());
    observation unlinked = linked;
    unlinked.ctime_ns += 1'000;
    pass(2s);
    EXPECT_EQ(candidates.judge("x", unlinked, now()).action, settle_action::wait);
    pass(2s);
    EXPECT_EQ(candidates.judge("x", unlinked, now()).action, settle_action::take);
}

TEST_F(WatchCandidates, OrdersByCompletion) {
    const observation seen = file(1);
    note("written first", arrival_way::written);
    note("written second", arrival_way::written);
    pass(1s);
    note("renamed", arrival_way::renamed);
    EXPECT_THAT(take(seen), ElementsAre("renamed"));
    note("written first", arrival_way::written);  // closed again: it completes later
    pass(2s);
    EXPECT_THAT(due(), ElementsAre("written second", "written first"));
}

TEST_F(WatchCandidates, KeepsTheOrderOfAListing) {
    const observation old = file(1, now().wall - 1h);
    for (const char* name : {"c", "a", "b"}) candidates.note(name, arrival_way::listed, old, now());
    EXPECT_THAT(take(old), ElementsAre("c", "a", "b"));
}

// At the start: what lies in the inbox arrived before what is renamed into it now.
TEST_F(WatchCandidates, ARenamedFileWaitsForOlderOnesThatStillSettle) {
    const observation young = file(1);
    note("listed", arrival_way::listed);
    pass(500ms);
    candidates.note("renamed", arrival_way::renamed, young, now());
    EXPECT_THAT(due(), IsEmpty());
    pass(1'500ms);
    EXPECT_THAT(take(young), ElementsAre("listed", "renamed"));
    note("later", arrival_way::renamed);
    EXPECT_THAT(due(), ElementsAre("later"));
}

TEST_F(WatchCandidates, AListingTellsNothingNewOfANotedName) {
    note("x", arrival_way::written);
    pass(1s);
    note("x", arrival_way::listed);
    pass(1s);
    EXPECT_THAT(due(), ElementsAre("x"));
    note("y", arrival_way::renamed);
    note("y", arrival_way::written);
    EXPECT_THAT(due(), ElementsAre("x", "y"));
}

TEST_F(WatchCandidates, AListedFileThatChangesIsWatchedLikeAnyOther) {
    const observation old = file(1, now().wall - 1h);
    candidates.note("x", arrival_way::listed, old, now());
    observation changed = old;
    changed.size = 2;  // with times that somebody keeps old
    EXPECT_EQ(candidates.judge("x", changed, now()).action, settle_action::wait);
    pass(2s);
    EXPECT_EQ(candidates.judge("x", changed, now()).action, settle_action::take);
}

TEST_F(WatchCandidates, EndsTheCandidacyOfWhatIsLeftOrRefused) {
    observation large = file(101);
    candidates.note("large", arrival_way::renamed, large, now());
    EXPECT_EQ(candidates.judge("large", large, now()).action, settle_action::refuse);
    note("unreadable", arrival_way::renamed);
    observation unreadable = file(1);
    unreadable.readable = false;
    EXPECT_EQ(candidates.judge("unreadable", unreadable, now()).action, settle_action::leave);
    note("gone", arrival_way::written);
    candidates.forget("gone");
    EXPECT_EQ(candidates.size(), 0U);
    EXPECT_FALSE(candidates.next_due());
}

TEST_F(WatchCandidates, HoldsAtMostSoManyAndAsksForAListingWhenThereIsRoom) {
    const observation seen = file(1);
    for (const char* name : {"1", "2", "3", "4", "5"}) note(name, arrival_way::renamed);
    EXPECT_FALSE(candidates.left_some_out());
    note("6", arrival_way::renamed);
    EXPECT_EQ(candidates.size(), 5U);
    EXPECT_FALSE(candidates.left_some_out());  // no room yet
    EXPECT_THAT(candidates.due(now(), 2), ElementsAre("1", "2"));
    for (const char* name : {"1", "2", "3"}) candidates.judge(name, seen, now());
    EXPECT_TRUE(candidates.left_some_out());
    candidates.start_listing();
    EXPECT_FALSE(candidates.left_some_out());
    candidates.listing_was_cut();
    EXPECT_TRUE(candidates.left_some_out());
}

TEST_F(WatchCandidates, ClearForgetsAll) {
    note("x", arrival_way::listed);
    candidates.clear();
    EXPECT_EQ(candidates.size(), 0U);
    note("y", arrival_way::renamed);
    EXPECT_THAT(due(), ElementsAre("y"));
}

}  // namespace
}  // namespace consent_sync::intake
