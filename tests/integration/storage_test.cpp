// Every file operation of the daemon, and so every one of SQLite, fails at its n-th call: once, or until somebody mends
// the disk; and the power goes before it. n counts up until a run meets no failure any more.
//
//   CONSENT_SYNC_STORAGE=STEP   every STEP-th n (tests/storage_faults); without it a sample
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "integration/accounting.hpp"
#include "integration/failing_disk.hpp"

namespace consent_sync::integration {
namespace {

using storage::disk_fault;

constexpr std::uint64_t for_ever = ~std::uint64_t{0};
const std::string quick = R"("retry": { "initial": "20ms", "max": "500ms", "late_write_window": "100ms" })";

struct outcome {
    bool met = false;  // a fault came
    std::uint64_t calls = 0;
    std::string operation;
};

class fixture {
  public:
    explicit fixture(std::uint64_t seed) : daemon({}, quick), random(seed) {
        daemon.start();  // makes the folders
        EXPECT_EQ(daemon.stop(), 0);
        files.push_back(make_file(1, 120, 60, random));
        files.push_back(make_file(2, 3, 60, random));
        for (const dropped_file& file : files) daemon.drop(file.name, file.text());
        daemon.drop("photo.csv", "PK\x03\x04 not a table");
    }

    bool all_done() {
        return daemon.lines("files.ndjson").size() >= files.size() && !daemon.names("/refused").empty() &&
               daemon.names("/processing").empty();
    }

    // All is done, and on record. Lines that were written while the ledger could not be are cut and written again by the
    // next start, so the files alone prove nothing.
    bool all_recorded() { return open_files(daemon) == 0 && late_writes_owed(daemon) == 0 && all_done(); }

    // Restarts a daemon that gave up, as systemd does, until all is done.
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

outcome fail_at(disk_fault fault, std::uint64_t n, std::uint64_t count) {
    fixture f(n);
    failing_disk disk(f.daemon);
    disk.fail(fault, n, count);
    f.daemon.launch();
    f.daemon.wait([&] { return f.all_done() || !f.daemon.runs() || (count == for_ever && disk.failed()); }, 20s);
    // While the disk is broken the daemon waits or ends, and says why; it leaves nothing behind in either case.
    if (count == for_ever && disk.failed())
        f.daemon.wait(
            [&] {
                return !f.daemon.runs() || f.daemon.log().find("level=ERROR") != std::string::npos ||
                       f.daemon.log().find(" ERROR ") != std::string::npos;
            },
            5s);
    if (f.daemon.runs() && f.all_done())
        f.daemon.stop();  // the n-th operation may be one of the stop; any status is good
    disk.mend();
    if (!f.daemon.runs() && !f.all_done()) f.daemon.wait_for_exit();
    outcome out{false, disk.calls(), disk.operation()};
    f.finish("operation " + std::to_string(n) + ": " + out.operation);
    out.met = disk.failed();  // only now: what was judged before the disk was mended may be counted after it
    return out;
}

outcome cut_at(std::uint64_t n) {
    fixture f(n);
    failing_disk disk(f.daemon);
    disk.remember_synced();
    disk.fail(disk_fault::power_cut, n, 1);
    f.daemon.launch();
    EXPECT_TRUE(f.daemon.wait([&] { return f.all_done() || !f.daemon.runs(); }, 60s))
        << "operation " << n << ": " << f.daemon.log();
    const int status = f.daemon.stop();  // the n-th operation may be one of the stop
    const outcome out{disk.failed(), disk.calls(), disk.operation()};
    EXPECT_EQ(status, out.met ? 99 : 0) << "operation " << n << ": " << out.operation;
    if (out.met) disk.cut_power(n);
    f.daemon.set_environment({});
    f.finish("power cut before operation " + std::to_string(n) + ": " + out.operation);
    return out;
}

// "pwrite /ledger.db-wal", "rename /done/N-photo.csv": numbers do not make another operation.
std::string kind_of(const std::string& operation) {
    std::string kind;
    for (const char c : operation)
        if (c < '0' || c > '9')
            kind += c;
        else if (kind.empty() || kind.back() != 'N')
            kind += 'N';
    return kind;
}

// Some six points of a run in a sample; in a campaign every one, or every STEP-th, and a list of what failed.
void sweep(const char* what, const std::function<outcome(std::uint64_t)>& run) {
    const char* const campaign = std::getenv("CONSENT_SYNC_STORAGE");
    const std::uint64_t samples = 6;
    std::uint64_t step = campaign ? std::max<std::uint64_t>(1, std::strtoull(campaign, nullptr, 10)) : 1;
    std::uint64_t met = 0;
    if (!campaign) {
        const outcome whole = run(1'000'000);
        EXPECT_GT(whole.calls, 20u);
        step = std::max<std::uint64_t>(1, whole.calls / samples);
    }
    std::uint64_t n = 1 + std::random_device{}() % step;
    std::map<std::string, int> kinds;
    for (int clean = 0; clean < 2 && !::testing::Test::HasFailure(); n += step) {
        const outcome got = run(n);
        met += got.met;
        if (got.met) ++kinds[kind_of(got.operation)];
        clean = got.met ? 0 : clean + 1;  // a run may be longer than the one before
    }
    if (!::testing::Test::HasFailure()) {
        EXPECT_GT(met, 4u);
    }
    std::cout << what << ": " << met << " faults met, up to operation " << n << "\n";
    if (campaign)
        for (const auto& [kind, times] : kinds) std::cout << "  " << times << " x " << kind << "\n";
}

TEST(Storage, AnyOperationMayFailOnce) {
    sweep("EIO once", [](std::uint64_t n) { return fail_at(disk_fault::io, n, 1); });
}
TEST(Storage, AnyOperationMayFailUntilTheDiskIsMended) {
    sweep("EIO until mended", [](std::uint64_t n) { return fail_at(disk_fault::io, n, for_ever); });
}
TEST(Storage, TheDiskMayBeFullOnce) {
    sweep("ENOSPC once", [](std::uint64_t n) { return fail_at(disk_fault::no_space, n, 1); });
}
TEST(Storage, TheDiskMayBeFullUntilThereIsRoom) {
    sweep("ENOSPC until there is room", [](std::uint64_t n) { return fail_at(disk_fault::no_space, n, for_ever); });
}
TEST(Storage, AnyWriteMayBeShort) {
    sweep("short write", [](std::uint64_t n) { return fail_at(disk_fault::short_write, n, 3); });
}
TEST(Storage, PowerMayGoBeforeAnyOperation) {
    sweep("power cut", [](std::uint64_t n) { return cut_at(n); });
}

}  // namespace
}  // namespace consent_sync::integration
