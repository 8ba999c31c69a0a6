// Worlds from seeds. A failing seed prints itself; CONSENT_SYNC_SEED=n runs that one alone, exactly as it
// was. Campaigns, with --gtest_filter=SeedsCampaign.*: CONSENT_SYNC_SEEDS="count start" or
// CONSENT_SYNC_WEEK=seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <sstream>

#include "simulation/world.hpp"

namespace consent_sync::simulation {
namespace {

constexpr std::size_t changes_most = 3'000;
constexpr std::uint64_t seeds_a_test = 500;

void run_seed(std::uint64_t seed) {
    try {
        world w(seed, random_profile(seed, changes_most));
        w.run();
    } catch (const broken_promise& broken) {
        ADD_FAILURE() << "CONSENT_SYNC_SEED=" << seed << ": " << broken.what();
    }
}

// Processor time of the seeds.
struct slow_seed {
    std::uint64_t seed = 0, seen = 0, above_50_ms = 0;
    std::clock_t most = 0, sum = 0;
    void see(std::uint64_t which, std::clock_t time) {
        ++seen;
        sum += time;
        above_50_ms += ms(time) > 50 ? 1 : 0;
        if (time <= most) return;
        most = time;
        seed = which;
    }
    static double ms(std::clock_t time) { return 1'000.0 * static_cast<double>(time) / CLOCKS_PER_SEC; }
    std::string text() const {
        return std::to_string(seen) + " seeds, " +
               std::to_string(ms(sum) / static_cast<double>(std::max<std::uint64_t>(seen, 1))) + " ms each, slowest " +
               std::to_string(seed) + " with " + std::to_string(ms(most)) + " ms, above 50 ms " +
               std::to_string(above_50_ms);
    }
};

void run_seeds(std::uint64_t first, std::uint64_t count) {
    if (const char* only = std::getenv("CONSENT_SYNC_SEED")) return run_seed(std::strtoull(only, nullptr, 10));
    for (std::uint64_t seed = first; seed < first + count && !testing::Test::HasFailure(); ++seed) run_seed(seed);
}

class Seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, KeepEveryPromise) { run_seeds(1 + GetParam() * seeds_a_test, seeds_a_test); }

INSTANTIATE_TEST_SUITE_P(Worlds, Seeds, testing::Range<std::uint64_t>(0, 8));

TEST(SeedsCampaign, KeepsEveryPromise) {
    const char* wanted = std::getenv("CONSENT_SYNC_SEEDS");
    if (!wanted) GTEST_SKIP() << "set CONSENT_SYNC_SEEDS=\"count start\"";
    std::uint64_t count = 0;
    std::uint64_t start = 1'000'000;
    std::istringstream(wanted) >> count >> start;
    std::uint64_t failed = 0;
    slow_seed slowest;
    for (std::uint64_t seed = start; seed < start + count && failed < 20; ++seed) {
        const int before = testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
        const std::clock_t began = std::clock();
        run_seed(seed);
        slowest.see(seed, std::clock() - began);
        failed += testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count() > before;
    }
    std::cout << slowest.text() << '\n';
}

TEST(SeedsCampaign, AWeekOfAMillionChanges) {
    const char* wanted = std::getenv("CONSENT_SYNC_WEEK");
    if (!wanted) GTEST_SKIP() << "set CONSENT_SYNC_WEEK to a seed";
    const std::uint64_t seed = std::strtoull(wanted, nullptr, 10);
    world w(seed, week_profile(seed, 1'000'000));
    w.run();
    EXPECT_GT(w.hubspot.late_applied, 0u) << "a week without a late write shows nothing";
    EXPECT_GT(w.watch.asserted, 0u);
    std::cout << "requests " << w.hubspot.requests << ", assertions " << w.watch.asserted << ", late writes "
              << w.hubspot.late_applied << ", rows " << w.watch.rows().size() << '\n';
}

}  // namespace
}  // namespace consent_sync::simulation
