// Worlds from seeds. A failing seed is printed; CONSENT_SYNC_SEED=n runs only that one, exactly as before.
// Campaigns, with --gtest_filter=SeedsCampaign.*: CONSENT_SYNC_SEEDS="count start" or
// CONSENT_SYNC_WEEK=seed. With --gtest_filter=SeedsDigest.* and CONSENT_SYNC_DIGEST="count start": prints a
// digest of each seed, to compare two versions.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <sstream>

#include "simulation/world.hpp"

namespace consent_sync::simulation {
namespace {

constexpr std::size_t changes_most = 3'000;
constexpr std::uint64_t profiles_a_test = 500;
constexpr std::uint64_t profile_steps_most = 30'000;  // of a world: about twice the number that the busiest one needs

// Processor time of this thread in milliseconds, independent of other load on the machine.
double thread_ms() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

// Keeps freed memory for the next world: returning it to the system costs a tenth of the time.
void keep_memory() {
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 1 << 26);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
}

// The cost of the seeds.
struct cost {
    std::uint64_t seen = 0, slowest = 0, longest = 0, above_50_ms = 0, most_steps = 0;
    double sum_ms = 0, most_ms = 0;
    void see(std::uint64_t seed, double ms, std::uint64_t steps) {
        ++seen;
        sum_ms += ms;
        above_50_ms += ms > 50 ? 1 : 0;
        if (ms > most_ms) {
            most_ms = ms;
            slowest = seed;
        }
        if (steps > most_steps) {
            most_steps = steps;
            longest = seed;
        }
    }
    std::string text() const {
        std::ostringstream out;
        out << seen << " seeds, " << sum_ms / static_cast<double>(std::max<std::uint64_t>(seen, 1))
            << " ms of processor time each, slowest " << slowest << " with " << most_ms << " ms, above 50 ms "
            << above_50_ms << "; most steps " << most_steps << " by " << longest;
        return out.str();
    }
};

using profile_of_seed = std::function<world_profile(std::uint64_t)>;

world_profile any_profile(std::uint64_t seed) { return random_profile(seed, changes_most); }

void run_seed(std::uint64_t seed, cost& spent, const profile_of_seed& profile = any_profile) {
    const double began = thread_ms();
    std::uint64_t steps = 0;
    try {
        world w(seed, profile(seed));
        w.run();
        steps = w.time.steps();
    } catch (const broken_promise& broken) {
        ADD_FAILURE() << "CONSENT_SYNC_SEED=" << seed << ": " << broken.what();
    }
    const double ms = thread_ms() - began;
    if (std::getenv("CONSENT_SYNC_COST")) std::cout << seed << ' ' << ms << " ms, " << steps << " steps\n";
    spent.see(seed, ms, steps);
}

void run_seeds(std::uint64_t first, std::uint64_t count, const profile_of_seed& profile = any_profile) {
    keep_memory();
    cost spent;
    if (const char* only = std::getenv("CONSENT_SYNC_SEED"))
        run_seed(std::strtoull(only, nullptr, 10), spent, profile);
    else
        for (std::uint64_t seed = first; seed < first + count && !testing::Test::HasFailure(); ++seed)
            run_seed(seed, spent, profile);
    EXPECT_LE(spent.most_steps, profile_steps_most)
        << "CONSENT_SYNC_SEED=" << spent.longest << ": what happens so often?";
    std::cout << spent.text() << '\n';
}

class Seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, KeepEveryPromise) { run_seeds(1 + GetParam() * profiles_a_test, profiles_a_test); }

INSTANTIATE_TEST_SUITE_P(Worlds, Seeds, testing::Range<std::uint64_t>(0, 8));

TEST(AllAtOnce, KeepsEveryPromise) {
    const profile_of_seed all = [](std::uint64_t seed) { return all_at_once_profile(seed); };
    run_seeds(1, profiles_a_test, all);
}

TEST(SeedsCampaign, KeepsEveryPromise) {
    const char* wanted = std::getenv("CONSENT_SYNC_SEEDS");
    if (!wanted) GTEST_SKIP() << "set CONSENT_SYNC_SEEDS=\"count start\"";
    std::uint64_t count = 0;
    std::uint64_t start = 1'000'000;
    std::istringstream(wanted) >> count >> start;
    std::uint64_t failed = 0;
    keep_memory();
    cost spent;
    for (std::uint64_t seed = start; seed < start + count && failed < 20; ++seed) {
        const int before = testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
        run_seed(seed, spent);
        failed += testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count() > before;
    }
    std::cout << spent.text() << '\n';
}

TEST(SeedsDigest, IsPrinted) {
    const char* wanted = std::getenv("CONSENT_SYNC_DIGEST");
    if (!wanted) GTEST_SKIP() << "set CONSENT_SYNC_DIGEST=\"count start\"";
    std::uint64_t count = 0;
    std::uint64_t start = 1;
    std::istringstream(wanted) >> count >> start;
    keep_memory();
    const std::pair<const char*, profile_of_seed> kinds[] = {
        {"any", any_profile}, {"all at once", all_at_once_profile}, {"bad rows", many_bad_rows_profile}};
    for (const auto& [kind, profile] : kinds)
        for (std::uint64_t seed = start; seed < start + count; ++seed) {
            std::cout << "digest " << kind << ' ' << seed << ' ' << std::hex;
            try {
                world w(seed, profile(seed));
                w.run();
                std::cout << w.daemon.steps_done.value() << ' ' << digest::of_verdicts(w.watch) << ' ' << std::dec
                          << w.hubspot.requests << ' ' << w.hubspot.errors << '\n';
            } catch (const broken_promise& broken) {
                std::cout << std::dec << broken.what() << '\n';
            }
        }
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
