// Kills at random moments, also during the recovery from the previous kill, while files arrive and HubSpot misbehaves.
//
//   CONSENT_SYNC_KILLS="COUNT [SEED]"   a campaign (tests/crash), with files of up to 100,000 rows
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>

#include "integration/accounting.hpp"

namespace consent_sync::integration {
namespace {

using std::chrono::milliseconds;

struct crash_plan {
    int kills = 25;
    std::uint64_t seed = 20261123;
    std::size_t rows_max = 3'000;
    std::size_t people = 3'000;
    std::size_t rows_in_all = 40'000;
};

hubspot_sim::options misbehaving() {
    hubspot_sim::options o;
    o.limit_requests = 0;
    o.latency = milliseconds(10);
    o.jitter = milliseconds(30);
    o.missing_share = 0.002;
    o.faults = hubspot_sim::parse_fault_shares(
                   "503=0.02,reset=0.01,reset+apply=0.02,502-html+late:200ms=0.01,truncated=0.01,"
                   "pending=0.01,close+apply=0.01")
                   .value();
    return o;
}

void run(const crash_plan& plan) {
    daemon_under_test d(
        misbehaving(),
        R"("retry": { "initial": "20ms", "max": "500ms", "late_write_window": "1s", "max_attempts": 20 })");
    std::mt19937_64 random(plan.seed);
    std::vector<dropped_file> files;
    std::size_t rows = 0;
    const auto drop_some = [&] {
        for (std::uint64_t n = random() % 4; n > 0 && rows < plan.rows_in_all; --n) {
            const double size =
                std::exp(std::log(static_cast<double>(plan.rows_max)) * static_cast<double>(random() % 1'001) / 1'000);
            files.push_back(make_file(files.size() + 1, static_cast<std::size_t>(size), plan.people, random));
            rows += files.back().rows.size();
            d.drop(files.back().name, files.back().text());
        }
    };
    for (int kill = 0; kill < plan.kills; ++kill) {
        drop_some();
        d.launch();
        if (random() % 2 == 0) drop_some();
        const std::uint64_t longest = random() % 3 == 0 ? 60 : 800;     // 60 ms: during the start
        std::this_thread::sleep_for(milliseconds(random() % longest));  // the moment of the kill is the test
        ASSERT_TRUE(d.runs()) << d.log();
        d.kill_hard();
    }
    d.start();
    d.wait_for_files(files.size(), std::chrono::seconds(60 + plan.rows_in_all / 500));
    // A change without a verdict that HubSpot refuses again counts as rejected only if another change was accepted in
    // between. So a good row is dropped now and then.
    const auto nothing_is_owed = [&] { return late_writes_owed(d) == 0 && d.hubspot().counters().late_pending == 0; };
    bool quiet = false;
    for (int i = 0; i < 15 && !quiet; ++i) {
        quiet = d.wait(nothing_is_owed, std::chrono::seconds(2));
        if (quiet) break;
        files.push_back(make_file(files.size() + 1, 1, plan.people, random));
        d.drop(files.back().name, files.back().text());
        d.wait_for_files(files.size());
    }
    EXPECT_TRUE(quiet);
    EXPECT_EQ(d.stop(), 0);
    EXPECT_GT(interrupted_attempts(d), 0u);  // otherwise the kills interrupted nothing
    const auto contradictions = find_contradictions(d, d.hubspot(), files);
    EXPECT_EQ(contradictions, std::vector<std::string>()) << "seed " << plan.seed;
    std::cout << plan.kills << " kills, " << files.size() << " files, " << rows << " rows, "
              << d.hubspot().counters().requests << " requests, " << interrupted_attempts(d)
              << " of them cut by a kill, seed " << plan.seed << "\n";
}

TEST(Crash, TwentyFiveKillsLoseNothingRepeatNothingAndReorderNothing) { run({}); }

TEST(CrashCampaign, Kills) {
    const char* const wanted = std::getenv("CONSENT_SYNC_KILLS");
    if (wanted == nullptr) GTEST_SKIP() << "a campaign: tests/crash COUNT [SEED]";
    std::istringstream text(wanted);
    int kills = 0;
    std::uint64_t seed = std::random_device{}();
    text >> kills >> seed;
    for (std::uint64_t round = 0; kills > 0 && !::testing::Test::HasFailure(); ++round, kills -= 50)
        run({std::min(kills, 50), seed + round, 100'000, 50'000, 300'000});
}

}  // namespace
}  // namespace consent_sync::integration
