#include "ledger/key_scans.hpp"

#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

using consent::place;

class OlderChanges : public LedgerTest {
  protected:
    void settle(place id, consent::verdict verdict) {
        settled_change end;
        end.id = id;
        end.attempt = 1;
        end.verdict = verdict;
        if (verdict != consent::verdict::confirmed)
            end.reason = std::make_shared<const reason>(reason{"X", "x", "", {}});
        run([&](store& s) { s.changes().settle(std::vector{end}); });
    }
    std::vector<fetched_change> older(std::vector<place> changes) {
        std::vector<fetched_change> found;
        run([&](store& s) { found = s.older().find(changes); });
        return found;
    }
};

TEST_F(OlderChanges, TheNewestOfEachKeyThatHubSpotTookOrMayHave) {
    const auto first = add_file(3), second = add_file(3), third = add_file(3), newest = add_file(3);
    settle(place(first, 1), consent::verdict::confirmed);
    settle(place(second, 1), consent::verdict::unconfirmed);
    settle(place(third, 1), consent::verdict::rejected);
    settle(place(first, 2), consent::verdict::confirmed);
    settle(place(second, 2), consent::verdict::superseded);
    for (std::uint64_t row = 1; row <= 3; ++row) settle(place(newest, row), consent::verdict::rejected);
    const auto found = older({place(newest, 1), place(newest, 2), place(newest, 3)});
    ASSERT_EQ(found.size(), 2u) << "the third person has nothing older";
    EXPECT_EQ(found[0].change.id, place(first, 2));
    EXPECT_TRUE(found[0].confirmed);
    EXPECT_EQ(found[1].change.id, place(second, 1));
    EXPECT_FALSE(found[1].confirmed);
    EXPECT_TRUE(found[1].settled);
}

TEST_F(OlderChanges, NothingThatIsNewerOrOfAnotherKey) {
    const auto file = add_file(1), later = add_file(1), other = add_file(1, true, 2);
    settle(place(file, 1), consent::verdict::rejected);
    settle(place(later, 1), consent::verdict::confirmed);
    settle(place(other, 1), consent::verdict::rejected);
    EXPECT_TRUE(older({place(file, 1), place(other, 1)}).empty());
    EXPECT_TRUE(older({}).empty());
}

}  // namespace
}  // namespace consent_sync::ledger
