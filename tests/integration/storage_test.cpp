// Every file operation of the daemon, also of SQLite, fails at its n-th call: once, or until the disk is repaired. Or
// the power is cut before it.
//
//   CONSENT_SYNC_STORAGE=STEP   every STEP-th n, until a run meets no failure (tests/storage_faults);
//                               without it, one operation of each kind
#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "integration/accounting.hpp"
#include "integration/failing_disk.hpp"
#include "storage/operation_kind.hpp"

namespace consent_sync::integration {
namespace {

using storage::disk_fault;

constexpr std::uint64_t for_ever = ~std::uint64_t{0};
constexpr std::size_t side_by_side = 4;
const std::string quick = R"("retry": { "initial": "20ms", "max": "500ms", "late_write_window": "100ms" })";

struct outcome {
    bool met = false;  // a fault occurred
    std::uint64_t calls = 0;
    std::string operation;
    std::map<std::string, std::uint64_t> kinds{};  // of operations to which the fault applies
};

class fixture {
  public:
    explicit fixture(std::uint64_t seed) : daemon({}, quick), random(seed) {
        daemon.start();  // creates the folders
        EXPECT_EQ(daemon.stop(), 0);
        files.push_back(make_file(1, 120, 60, random));
        files.push_back(make_file(2, 3, 60, random));
        for (const dropped_file& file : files) daemon.drop(file.name, file.text());
        daemon.drop("photo.csv", "PK\x03\x04 not a table\n");
    }

    bool all_done() {
        return daemon.lines("files.ndjson").size() >= files.size() && !daemon.names("/refused").empty() &&
               daemon.names("/processing").empty();
    }

    // Everything is done, and on record. Report lines from a time when the ledger could not be written are cut off and
    // written again by the next start, so the report files alone prove nothing.
    bool all_recorded() { return open_files(daemon) == 0 && late_writes_owed(daemon) == 0 && all_done(); }

    // Restarts a daemon that exited, like systemd, until everything is done.
    void finish(const std::string& where) {
        for (int starts = 0; starts < 3; ++starts) {
            if (!daemon.runs()) daemon.start();
            daemon.wait([&] { return all_recorded() || !daemon.runs(); }, 20s);
            if (daemon.runs()) break;
            daemon.wait_for_exit();
        }
        EXPECT_TRUE(all_recorded()) << where << "\n" << daemon.log();
        if (daemon.runs()) {
            EXPECT_EQ(daemon.stop(), 0) << where;
        }
        EXPECT_EQ(find_contradictions(daemon, daemon.hubspot(), files), std::vector<std::string>()) << where << "\n"
                                                                                                    << daemon.log();
        EXPECT_EQ(daemon.log().find("event=ledger.damaged"), std::string::npos) << where << "\n" << daemon.log();
        EXPECT_EQ(daemon.log().find("event=task.failed"), std::string::npos) << where << "\n" << daemon.log();
    }

    daemon_under_test daemon;
    std::mt19937_64 random;
    std::vector<dropped_file> files;
};

outcome fail_at(disk_fault fault, std::uint64_t n, std::uint64_t count, const std::string& kind) {
    fixture f(n);
    failing_disk disk(f.daemon);
    disk.fail(fault, n, count, kind);
    f.daemon.launch();
    f.daemon.wait([&] { return f.all_done() || !f.daemon.runs() || (count == for_ever && disk.failed()); }, 20s);
    // While the disk is broken, the daemon waits or exits, and says why. In both cases it leaves nothing behind.
    if (count == for_ever && disk.failed())
        f.daemon.wait(
            [&] {
                return !f.daemon.runs() || f.daemon.log().find("level=ERROR") != std::string::npos ||
                       f.daemon.log().find(" ERROR ") != std::string::npos;
            },
            5s);
    if (f.daemon.runs() && f.all_done())
        f.daemon.stop();  // the n-th operation may belong to the stop; any status is allowed
    disk.mend();
    if (!f.daemon.runs() && !f.all_done()) f.daemon.wait_for_exit();
    outcome out{false, disk.calls(), disk.operation(), disk.kinds()};
    f.finish("operation " + std::to_string(n) + " of " + (kind.empty() ? "all" : kind) + ": " + out.operation);
    out.met = disk.failed();  // read only now: an operation judged before the repair may be counted after it
    return out;
}

outcome cut_at(std::uint64_t n, const std::string& kind) {
    fixture f(n);
    failing_disk disk(f.daemon);
    disk.remember_synced();
    disk.fail(disk_fault::power_cut, n, 1, kind);
    f.daemon.launch();
    EXPECT_TRUE(f.daemon.wait([&] { return f.all_done() || !f.daemon.runs(); }, 60s))
        << "operation " << n << ": " << f.daemon.log();
    const int status = f.daemon.stop();  // the n-th operation may belong to the stop
    const outcome out{disk.failed(), disk.calls(), disk.operation(), disk.kinds()};
    const std::string where = "power cut before operation " + std::to_string(n) + " of " +
                              (kind.empty() ? "all" : kind) + ": " + out.operation;
    EXPECT_EQ(status, out.met ? 99 : 0) << where;
    if (out.met) disk.cut_power(std::random_device{}() % 2 == 0 ? 0 : n);  // only synced data, or some more
    f.daemon.set_environment({});
    f.finish(where);
    return out;
}

using run_with_fault = std::function<outcome(std::uint64_t n, const std::string& kind)>;

// Tries every STEP-th operation, and lists failures.
void sweep(const char* what, std::uint64_t step, const run_with_fault& run) {
    std::map<std::string, int> kinds;
    std::uint64_t met = 0;
    std::uint64_t n = 1 + std::random_device{}() % step;
    for (int clean = 0; clean < 2 && !::testing::Test::HasFailure(); n += step) {
        const outcome got = run(n, "");
        met += got.met;
        if (got.met) ++kinds[storage::kind_of(got.operation)];
        clean = got.met ? 0 : clean + 1;  // a run may have more operations than the previous one
    }
    std::cout << what << ": " << met << " faults met, up to operation " << n << "\n";
    for (const auto& [kind, times] : kinds) std::cout << "  " << times << " x " << kind << "\n";
}

// One operation of each kind, chosen at random. The runs mostly wait, so several run at once.
void sample(const char* what, const run_with_fault& run) {
    const outcome whole = run(for_ever, "");
    EXPECT_GT(whole.calls, 20u);
    const std::vector<std::pair<std::string, std::uint64_t>> kinds(whole.kinds.begin(), whole.kinds.end());
    std::atomic<std::size_t> next{0}, met{0};
    const auto work = [&] {
        std::random_device chance;
        for (std::size_t i = 0; (i = next++) < kinds.size() && !::testing::Test::HasFailure();) {
            const auto& [kind, calls] = kinds[i];
            // Runs differ: there may be fewer operations of this kind.
            if (run(1 + chance() % calls, kind).met || run(1, kind).met) ++met;
        }
    };
    {
        std::vector<std::jthread> workers(side_by_side);
        for (std::jthread& each : workers) each = std::jthread(work);
    }
    std::cout << what << ": " << met << " of " << kinds.size() << " kinds of operations met it\n";
    if (!::testing::Test::HasFailure()) {
        EXPECT_GE(met, kinds.size() * 9 / 10) << "some have no run but the first";
    }
}

void try_everywhere(const char* what, const run_with_fault& run) {
    const char* const campaign = std::getenv("CONSENT_SYNC_STORAGE");
    if (campaign)
        sweep(what, std::max<std::uint64_t>(1, std::strtoull(campaign, nullptr, 10)), run);
    else
        sample(what, run);
}

run_with_fault with(disk_fault fault, std::uint64_t count) {
    return [fault, count](std::uint64_t n, const std::string& kind) { return fail_at(fault, n, count, kind); };
}

TEST(Storage, AnyOperationMayFailOnce) { try_everywhere("EIO once", with(disk_fault::io, 1)); }
TEST(Storage, AnyOperationMayFailUntilTheDiskIsMended) {
    try_everywhere("EIO until mended", with(disk_fault::io, for_ever));
}
TEST(Storage, TheDiskMayBeFullOnce) { try_everywhere("ENOSPC once", with(disk_fault::no_space, 1)); }
TEST(Storage, TheDiskMayBeFullUntilThereIsRoom) {
    try_everywhere("ENOSPC until there is room", with(disk_fault::no_space, for_ever));
}
TEST(Storage, AnyWriteMayBeShort) { try_everywhere("short write", with(disk_fault::short_write, 3)); }
TEST(Storage, PowerMayGoBeforeAnyOperation) { try_everywhere("power cut", cut_at); }

// Everything that is done in the ledger, and everything that the lines of the day name, is completely on disk.
TEST(Storage, PowerMayGoWhenAllIsDone) {
    fixture f(1);
    failing_disk disk(f.daemon);
    disk.remember_synced();
    f.daemon.start();
    // The daemon is asked and not its ledger: the preloaded library copies the ledger within the daemon, which drops
    // the daemon's locks on it (POSIX), and another reader that closes it would truncate its shared memory.
    const auto none_open = [&] {
        const auto status = f.daemon.command("status --json");
        return status.status == 0 && boost::json::parse(status.out).at("files").at("open") == 0;
    };
    ASSERT_TRUE(f.daemon.wait([&] { return f.all_done() && none_open(); }, 60s)) << f.daemon.log();
    const std::size_t requests = f.daemon.hubspot().counters().requests;
    f.daemon.kill_hard();
    disk.cut_power(0);
    EXPECT_TRUE(f.all_recorded());
    EXPECT_EQ(find_contradictions(f.daemon, f.daemon.hubspot(), f.files), std::vector<std::string>());
    f.daemon.set_environment({});
    f.finish("power cut after all was done");
    EXPECT_EQ(f.daemon.hubspot().counters().requests, requests);
}

}  // namespace
}  // namespace consent_sync::integration
