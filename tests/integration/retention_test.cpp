// Data older than `keep` is removed, and the resources of a long run stay flat. Time comes from libfaketime.
//
//   CONSENT_SYNC_SOAK=MINUTES   a soak (tests/soak): 200 seconds for each real second
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "integration/accounting.hpp"
#include "integration/faked_time.hpp"
#include "integration/ledger_rows.hpp"
#include "ledger/database.hpp"

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const std::string keep =
    R"("keep": { "done": "1h", "reports": "1h", "ledger": "1d" }, "rules": { "duplicate_window": "1h" })";

std::int64_t ask(const daemon_under_test& d, const char* sql) {
    const ledger::database db(d.state("/ledger.db"), ledger::database::access::read_only);
    auto query = db.prepare(sql);
    query.run_with();
    query.step();
    return query.integer(0);
}

std::size_t count_rows(const daemon_under_test& d) {
    ledger::database db(d.state("/ledger.db"), ledger::database::access::read_only);
    return read_rows(db).size();
}

// Sets the time of the daemon's machine from the next start on.
class machine_time {
  public:
    machine_time(daemon_under_test& d, moves what) : path_(d.file("time")) {
        set(0h);
        d.set_environment(at_file(path_, what));
    }
    void set(std::chrono::seconds ahead) const {
        const auto moved = ahead.count() + moved_seconds_of_test();
        std::ofstream(path_ + ".new") << (moved < 0 ? "" : "+") << moved << "\n";
        fs::rename(path_ + ".new", path_);
    }

  private:
    std::string path_;
};

const std::string keep_a_month = R"("keep": { "done": "30d", "reports": "30d", "ledger": "30d" })";

std::int64_t rounds(const daemon_under_test& d) {
    std::int64_t generation = 0;
    std::ifstream(d.state("/generation")) >> generation;
    return generation;
}

// Makes the daemon check the clock and old data.
void wait_for_round(daemon_under_test& d) {
    const auto before = rounds(d);
    d.reload();
    EXPECT_TRUE(d.wait([&] { return rounds(d) > before; }));
}

// Also waits for the round at the start, which counts too.
void start(daemon_under_test& d) {
    const auto before = rounds(d);
    d.start();
    EXPECT_TRUE(d.wait([&] { return rounds(d) >= before + 2; }));
}

// Waits until `files` of one row each are done, at the real time.
void run_files(daemon_under_test& d, std::size_t files) {
    d.start();
    for (std::size_t i = 1; i <= files; ++i)
        d.drop("f" + std::to_string(i) + ".csv",
               "email,subscription_id,status\np" + std::to_string(i) + "@example.com,7,subscribed\n");
    ASSERT_EQ(d.wait_for_files(files).size(), files);
    ASSERT_EQ(d.stop(), 0);
}

void expect_all_kept(const daemon_under_test& d, std::size_t files) {
    EXPECT_EQ(d.names("/done").size(), files);
    EXPECT_GE(d.names("/reports").size(), 1u);
    EXPECT_EQ(count_rows(d), files);
    EXPECT_EQ(d.log().find("event=old.remov"), std::string::npos);
}

void expect_all_gone(const daemon_under_test& d) {
    EXPECT_EQ(d.names("/done").size(), 0u);
    EXPECT_EQ(d.names("/reports").size(), 0u);
    EXPECT_EQ(count_rows(d), 0u);
    EXPECT_NE(d.log().find("INFO event=old.removing"), std::string::npos);
}

constexpr auto day = 24h;

TEST(Retention, AClockThatIsAYearAheadAtTheStartRemovesNothing) {
    daemon_under_test d({}, keep_a_month);
    run_files(d, 3);
    d.set_environment(at("+365d"));
    start(d);
    wait_for_round(d);
    EXPECT_NE(d.log().find("WARN event=clock.unproven ahead=36"), std::string::npos) << d.log();
    EXPECT_NE(d.command("status").out.find("old data"), std::string::npos);
    EXPECT_EQ(d.stop(), 0);
    expect_all_kept(d, 3);
    // The first start after an upgrade: there is no record of proven time.
    ledger::database(d.state("/ledger.db"), ledger::database::access::read_write)
        .execute("DELETE FROM meta WHERE name='proven_time' OR name LIKE 'keep%'");
    start(d);
    wait_for_round(d);
    EXPECT_EQ(d.stop(), 0);
    expect_all_kept(d, 3);
    // The clock is corrected.
    d.set_environment({});
    start(d);
    wait_for_round(d);
    EXPECT_EQ(d.command("status").out.find("old data"), std::string::npos);
    EXPECT_EQ(d.stop(), 0);
    expect_all_kept(d, 3);
}

// With a new ledger in old folders nothing shows the time.
TEST(Retention, AClockThatIsAYearAheadAndANewLedgerRemoveNothing) {
    daemon_under_test d({}, keep_a_month);
    run_files(d, 3);
    for (const char* const file : {"/ledger.db", "/generation", "/newest-commit"}) fs::remove(d.state(file));
    d.set_environment(at("+365d"));
    start(d);
    wait_for_round(d);
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(d.names("/done").size(), 3u);
    EXPECT_EQ(d.names("/reports").size(), 1u);
}

TEST(Retention, AClockThatIsSetWhileTheDaemonRunsRemovesNothing) {
    daemon_under_test d({}, keep_a_month);
    run_files(d, 3);
    const machine_time time(d, moves::wall_clock);
    start(d);
    for (const auto ahead : {365 * day, 0 * day, -365 * day, 0 * day, 365 * day}) {
        time.set(ahead);
        wait_for_round(d);
    }
    time.set(0h);
    wait_for_round(d);
    EXPECT_EQ(d.stop(), 0);
    expect_all_kept(d, 3);
    EXPECT_NE(d.log().find("WARN event=clock.unproven"), std::string::npos);
    EXPECT_NE(d.log().find("INFO event=clock.proven"), std::string::npos);
}

TEST(Retention, AfterTwoMonthsDownOldThingsGoOnceADayOfRunningProvesTheTime) {
    daemon_under_test d({}, keep_a_month);
    run_files(d, 3);
    const machine_time time(d, moves::time);
    time.set(60 * day);
    start(d);
    wait_for_round(d);
    time.set(60 * day + 5h);
    wait_for_round(d);
    EXPECT_EQ(d.log().find("event=old.remov"), std::string::npos) << d.log();
    for (const auto hours : {25h, 26h, 50h}) {
        time.set(60 * day + hours);
        wait_for_round(d);
    }
    EXPECT_EQ(d.stop(), 0);
    expect_all_gone(d);
}

TEST(Retention, WhatIsOldGoesDayByDay) {
    daemon_under_test d({}, keep_a_month);
    run_files(d, 25);
    const machine_time time(d, moves::time);
    start(d);
    for (int days = 1; days <= 29; ++days) {
        time.set(days * day);
        wait_for_round(d);
    }
    EXPECT_EQ(d.log().find("event=old.remov"), std::string::npos) << d.log();
    for (int days = 30; days <= 32; ++days) {
        time.set(days * day);
        wait_for_round(d);
    }
    EXPECT_EQ(d.stop(), 0);
    expect_all_gone(d);
    EXPECT_EQ(d.log().find("event=old.waits"), std::string::npos);
    EXPECT_EQ(d.log().find("event=clock.unproven"), std::string::npos);
}

TEST(Retention, LoweringKeepSaysWhatWillGoAndWaitsForADay) {
    daemon_under_test d({}, R"("keep": { "done": "400d" })");
    run_files(d, 25);
    const machine_time time(d, moves::time);
    start(d);
    wait_for_round(d);
    time.set(2h);
    d.write_config(R"("keep": { "done": "1h" })");
    wait_for_round(d);
    EXPECT_NE(d.log().find("WARN event=old.waits"), std::string::npos) << d.log();
    EXPECT_NE(d.log().find("would remove 25 of 25 files of done/"), std::string::npos) << d.log();
    EXPECT_NE(d.command("status").out.find("25 of 25 files of done/"), std::string::npos);
    time.set(20h);
    wait_for_round(d);
    EXPECT_EQ(d.names("/done").size(), 25u);
    EXPECT_EQ(d.stop(), 0);
    start(d);  // the wait continues after a restart
    wait_for_round(d);
    EXPECT_EQ(d.names("/done").size(), 25u);
    time.set(27h);
    wait_for_round(d);
    EXPECT_TRUE(d.wait([&] { return d.names("/done").empty(); }));
    EXPECT_EQ(d.stop(), 0);
}

TEST(Retention, WhatIsOldGoesWhileDeliveryGoesOn) {
    ASSERT_TRUE(fs::exists(FAKETIME_LIBRARY)) << "install the packages of .debian-packages";
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
    EXPECT_GT(count_rows(d), 1'000u);
    const auto old_days = d.names("/reports");  // two, if midnight passed
    machine_time time(d, moves::time);
    d.start();
    time.set(72h);
    d.write_config(keep);
    d.reload();  // takes effect at once, not at the next round an hour later
    const dropped_file later = make_file(4, 50, 300, random);
    d.drop(later.name, later.text());
    EXPECT_TRUE(d.wait([&] { return d.log().find("event=old.removed") != std::string::npos; })) << d.log();
    EXPECT_EQ(d.wait_for_files(1).size(), 1u);  // the lines of the old day are gone
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(count_rows(d), 50u);
    EXPECT_EQ(ask(d, "SELECT count(*) FROM files"), 1);
    EXPECT_EQ(ask(d, "SELECT arrival FROM files"), 5) << "a number was given twice";
    EXPECT_EQ(d.names("/done").size(), 1u);
    EXPECT_TRUE(d.names("/refused").empty());
    for (const std::string& name : d.names("/reports"))
        EXPECT_EQ(std::count(old_days.begin(), old_days.end(), name), 0) << name;
    EXPECT_EQ(d.lines("files.ndjson").size(), 1u);
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
    ASSERT_TRUE(fs::exists(FAKETIME_LIBRARY));
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
