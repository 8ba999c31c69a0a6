// A commit that failed may be on disk all the same; whoever tries again must not do it twice.
#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

class CommitMark : public LedgerTest {};

TEST_F(CommitMark, WorkThatIsOnDiskIsNotRunAgain) {
    int runs = 0;
    const auto work = [&runs](store& s) {
        ++runs;
        s.duties().put_meta("x", runs);
    };
    ASSERT_FALSE(store_->transact(work, 7).has_error());
    ASSERT_FALSE(store_->transact(work, 7).has_error());
    EXPECT_EQ(runs, 1);
    ASSERT_FALSE(store_->transact(work, 8).has_error());
    EXPECT_EQ(runs, 2);
}

TEST_F(CommitMark, WorkThatFailedIsRunAgain) {
    int runs = 0;
    const auto work = [&runs](store& s) {
        s.duties().put_meta("x", 1);
        if (++runs == 1) throw database_error(base::errc::io, "the disk failed");
    };
    EXPECT_TRUE(store_->transact(work, 7).has_error());
    EXPECT_FALSE(store_->transact(work, 7).has_error());
    EXPECT_EQ(runs, 2);
}

TEST_F(CommitMark, WorkThatChangesNothingIsRunAtEachTry) {
    int runs = 0;
    const auto work = [&runs](store& s) {
        ++runs;
        s.files().open_files();
    };
    ASSERT_FALSE(store_->transact(work, 7).has_error());
    ASSERT_FALSE(store_->transact(work, 7).has_error());
    EXPECT_EQ(runs, 2);
    run([](store& s) { EXPECT_EQ(s.duties().meta("commit_mark", 0), 0); });
}

}  // namespace
}  // namespace consent_sync::ledger
