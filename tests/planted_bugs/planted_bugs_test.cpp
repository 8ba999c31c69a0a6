// The simulation finds planted bugs; without them the same seeds pass.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "simulation/world.hpp"

namespace consent_sync {

planted planted_bug = planted::none;

namespace simulation {
namespace {

constexpr std::uint64_t seeds = 300;

// The message of the first failing seed; nothing if none fails.
std::optional<std::string> find(planted bug) {
    planted_bug = bug;
    std::optional<std::string> found;
    for (std::uint64_t seed = 1; seed <= seeds && !found; ++seed) {
        try {
            world w(seed, random_profile(seed, 3'000));
            w.run();
        } catch (const broken_promise& broken) {
            found = "seed " + std::to_string(seed) + ": " + broken.what();
        }
    }
    planted_bug = planted::none;
    return found;
}

void expect_found(planted bug, const std::string& promise) {
    const auto found = find(bug);
    ASSERT_TRUE(found) << "none of " << seeds << " seeds";
    EXPECT_NE(found->find(promise), std::string::npos) << *found;
}

TEST(PlantedBugs, NoneIsFoundWhereNoneIs) { EXPECT_EQ(find(planted::none).value_or(""), ""); }
TEST(PlantedBugs, AKeyThatIsReleasedTooEarly) { expect_found(planted::key_released_too_early, "promise"); }
TEST(PlantedBugs, ARetryOutsideTheLimiter) { expect_found(planted::retry_outside_limiter, "promise 6"); }
TEST(PlantedBugs, TrustInHttp200) { expect_found(planted::trusts_http_200, "promise 4"); }
TEST(PlantedBugs, OvertakesOfUnsentRowsOnly) { expect_found(planted::overtakes_of_unsent_rows_only, "promise 2"); }
TEST(PlantedBugs, OptOutsOfAPieceStandInThatPieceOnly) {
    expect_found(planted::opt_outs_of_a_piece_only, "promise 11");
}
TEST(PlantedBugs, FilesThatArrivedTogetherForgotten) { expect_found(planted::files_together_forgotten, "promise 11"); }
TEST(PlantedBugs, LateWritesForgotten) { expect_found(planted::late_writes_forgotten, "promise 2"); }

}  // namespace
}  // namespace simulation
}  // namespace consent_sync
