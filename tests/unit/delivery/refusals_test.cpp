#include "delivery/refusals.hpp"

#include <gtest/gtest.h>

namespace consent_sync::delivery {
namespace {

class RefusalsTest : public testing::Test {
  protected:
    void suspect(ledger::batch_id root, const std::string& category = "VALIDATION_ERROR") {
        auto b = std::make_unique<batch>();
        b->id = ++next;
        b->root = root;
        b->changes.emplace_back();
        r.add({std::move(b), {category, "no"}, ""});
    }
    // A root of two changes that is refused down to both.
    void refuse_root(ledger::batch_id root, const std::string& category = "VALIDATION_ERROR") {
        r.root_refused(root, 2);
        suspect(root, category);
        suspect(root, category);
    }
    ledger::batch_id next = 100;
    refusals r;
};

TEST_F(RefusalsTest, ThreeRootsInARowAreEverything) {
    refuse_root(1);
    refuse_root(2);
    EXPECT_FALSE(r.everything_refused());
    refuse_root(3);
    EXPECT_TRUE(r.everything_refused());
    EXPECT_EQ(r.category(), "VALIDATION_ERROR");
    EXPECT_EQ(r.take_all().size(), 6u);
}

TEST_F(RefusalsTest, OneCategoryOnly) {
    refuse_root(1);
    refuse_root(2);
    refuse_root(3, "OBJECT_NOT_FOUND");
    EXPECT_FALSE(r.everything_refused());
}

TEST_F(RefusalsTest, ARootThatIsNotThroughDoesNotCount) {
    refuse_root(1);
    refuse_root(2);
    r.root_refused(3, 2);
    suspect(3);
    EXPECT_FALSE(r.everything_refused());
    r.root_shrinks(3, 1);  // the other was superseded
    EXPECT_TRUE(r.everything_refused());
}

TEST_F(RefusalsTest, ARootWhoseChangesEndedOtherwiseSaysNothing) {
    for (const ledger::batch_id root : {1, 2, 3}) {
        r.root_refused(root, 5);
        r.root_shrinks(root, 5);
    }
    EXPECT_FALSE(r.everything_refused());
    EXPECT_EQ(r.open_roots(), 0u);
}

TEST_F(RefusalsTest, RejectionsBetweenDoNotResetTheCountOnlyAnAcceptedChangeDoes) {
    refuse_root(1);
    r.take_all();
    refuse_root(2);
    r.take_all();
    refuse_root(3);
    EXPECT_TRUE(r.everything_refused());
    r.forget();
    EXPECT_FALSE(r.everything_refused());
}

TEST_F(RefusalsTest, ASuspectCanBeTakenOut) {
    refuse_root(1);
    EXPECT_TRUE(r.take(101));
    EXPECT_FALSE(r.take(101));
    EXPECT_EQ(r.take_all().size(), 1u);
}

TEST_F(RefusalsTest, TheAccusedWaitsForTheRestOfItsBatch) {
    auto named = std::make_unique<batch>();
    named->id = 50;
    named->changes.emplace_back();
    r.accuse({std::move(named), {"VALIDATION_ERROR", "no"}, "id"}, 9);
    EXPECT_FALSE(r.any()) << "it is no suspect";
    EXPECT_TRUE(r.take_all().empty());
    EXPECT_FALSE(r.take_accused(8));
    const auto taken = r.take_accused(9);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->of->id, 50);
    EXPECT_EQ(taken->words.message, "no");
    EXPECT_FALSE(r.take_accused(9));
}

TEST_F(RefusalsTest, TheAccusedIsTakenOutByItsOwnBatchToo) {
    auto named = std::make_unique<batch>();
    named->id = 50;
    r.accuse({std::move(named), {}, ""}, 9);
    EXPECT_TRUE(r.take(50));
    EXPECT_FALSE(r.take_accused(9));
}

}  // namespace
}  // namespace consent_sync::delivery
