// What is older than `keep` says goes, and what a long run needs stays flat. Time is libfaketime's.
//
//   CONSENT_SYNC_SOAK=MINUTES   a soak (tests/soak): each real second is 200
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "integration/accounting.hpp"
#include "integration/faked_time.hpp"
#include "ledger/database.hpp"

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;

const std::string keep =
    R"("keep": { "done": "1h", "reports": "1h", "ledger": "1d" }, "rules": { "duplicate_window": "1h" })";

std::int64_t ask(const daemon_under_test& d, const char* sql) {
    const ledger::database db(d.state("/ledger.db"), ledger::database::access::read_only);
    auto query = db.prepare(sql);
    query.run_with();
    query.step();
    return query.integer(0);
}

TEST(Retention, WhatIsOldGoesWhileDeliveryGoesOn) {
    ASSERT_TRUE(fs::exists(faketime_library)) << "install the packages of .debian-packages";
    daemon_under_test d;
    std::mt19937_64 random(1);
    d.start();
    for (std::size_t i = 1; i <= 3; ++i) {
        const dropped_file file = make_file(i, 400, 300, random);
        d.drop(file.name, file.text());
    }
    d.drop("photo.csv", "PK\x03\x04 no table");
    ASSERT_EQ(d.wait_for_files(3).size(), 3u);
    ASSERT_TRUE(d.wait([&] { return d.names("/refused").size() == 2; }));
    ASSERT_EQ(d.stop(), 0);
    EXPECT_GT(ask(d, "SELECT count(*) FROM changes"), 1'000);
    d.set_environment(at("+3d"));
    d.start();
    d.write_config(keep);
    d.reload();  // holds at once, not at the next look an hour later
    const dropped_file later = make_file(4, 50, 300, random);
    d.drop(later.name, later.text());
    EXPECT_TRUE(d.wait([&] { return d.log().find("event=old.removed") != std::string::npos; })) << d.log();
    EXPECT_EQ(d.wait_for_files(1).size(), 1u);  // the lines of the old day are gone
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(ask(d, "SELECT count(*) FROM changes"), 50);
    EXPECT_EQ(ask(d, "SELECT count(*) FROM files"), 1);
    EXPECT_EQ(ask(d, "SELECT arrival FROM files"), 5) << "a number was given twice";
    EXPECT_EQ(d.names("/done").size(), 1u);
    EXPECT_TRUE(d.names("/refused").empty());
    EXPECT_EQ(d.names("/reports").size(), 1u);
    EXPECT_LT(fs::file_size(d.state("/ledger.db")), 200u << 10);
    EXPECT_EQ(d.log().find("event=report.shortened"), std::string::npos);
}

struct usage {
    std::size_t descriptors = 0, memory_kib = 0, ledger_kib = 0, log_kib = 0, done = 0, reports = 0;
};

usage measure(const daemon_under_test& d) {
    usage u;
    const std::string process = "/proc/" + std::to_string(d.process());
    for ([[maybe_unused]] const auto& each : fs::directory_iterator(process + "/fd")) ++u.descriptors;
    std::ifstream status(process + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) u.memory_kib = std::stoull(line.substr(6));
    std::error_code gone;
    u.ledger_kib = fs::file_size(d.state("/ledger.db"), gone) >> 10;
    u.log_kib = fs::file_size(d.state("/ledger.db-wal"), gone) >> 10;
    u.done = d.names("/done").size();
    u.reports = d.names("/reports").size();
    return u;
}

// The largest value of the last half is no more than a quarter above that of the half before.
void expect_flat(const std::vector<usage>& all, std::size_t usage::*what, std::size_t slack, const char* name) {
    const auto largest = [&](std::size_t from, std::size_t to) {
        std::size_t most = 0;
        for (std::size_t i = from; i < to; ++i) most = std::max(most, all[i].*what);
        return most;
    };
    const std::size_t early = largest(all.size() * 4 / 10, all.size() * 7 / 10);
    const std::size_t late = largest(all.size() * 7 / 10, all.size());
    std::cout << name << ": " << all.front().*what << " at first, at most " << early << ", later " << late << "\n";
    EXPECT_LE(late, early + early / 4 + slack) << name;
}

TEST(Soak, NothingGrowsOverDays) {
    const char* const wanted = std::getenv("CONSENT_SYNC_SOAK");
    if (wanted == nullptr) GTEST_SKIP() << "a campaign: tests/soak MINUTES";
    ASSERT_TRUE(fs::exists(faketime_library));
    hubspot_sim::options o;
    o.limit_requests = 0;
    o.record = hubspot_sim::record_level::state;
    o.faults = hubspot_sim::parse_fault_shares("503=0.01,reset=0.01").value();
    daemon_under_test d(std::move(o), keep);
    d.replace_in_config("\"ca_file\"",
                        "\"timeouts\": { \"connect\": \"5m\", \"tls\": \"5m\", \"request\": \"10m\" }, \"ca_file\"");
    d.replace_in_config("\"level\": \"debug\"", "\"level\": \"warn\"");
    d.set_environment(at("+0 x200"));
    d.launch();
    std::mt19937_64 random(7);
    std::vector<usage> all;
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(std::stoul(wanted));
    std::size_t files = 0;
    while (std::chrono::steady_clock::now() < end && !::testing::Test::HasFailure()) {
        for (int i = 0; i < 4; ++i) {
            const dropped_file file = make_file(++files, 1 + random() % 800, 20'000, random);
            d.drop(file.name, file.text());
            std::this_thread::sleep_for(std::chrono::milliseconds(500));  // the pace of the traffic
        }
        EXPECT_TRUE(d.runs());
        all.push_back(measure(d));
    }
    std::cout << files << " files, " << d.hubspot().counters().requests << " requests, "
              << std::stoul(wanted) * 200 / 60 << " hours of the daemon's time\n";
    ASSERT_GT(all.size(), 20u);
    expect_flat(all, &usage::descriptors, 10, "descriptors");
    expect_flat(all, &usage::memory_kib, 8'192, "memory, KiB");
    expect_flat(all, &usage::ledger_kib, 1'024, "ledger, KiB");
    expect_flat(all, &usage::log_kib, 4'096, "write-ahead log, KiB");
    expect_flat(all, &usage::done, 50, "files in done/");
    expect_flat(all, &usage::reports, 2, "days of reports");
    EXPECT_EQ(d.stop(), 0);
}

}  // namespace
}  // namespace consent_sync::integration
