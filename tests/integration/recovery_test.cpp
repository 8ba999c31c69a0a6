// Ledgers that are damaged, missing, or older than the last run: nothing is replaced or sent before an operator has
// looked.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "integration/accounting.hpp"
#include "ledger/block_reader.hpp"
#include "ledger/database.hpp"
#include "source_paths.hpp"

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;

std::string csv(const std::string& who, int rows) {
    std::string text = "email,subscription_id,status\n";
    for (int i = 1; i <= rows; ++i) text += who + std::to_string(i) + "@example.com,7,subscribed\n";
    return text;
}

std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

void run_file(daemon_under_test& d, const std::string& name, std::size_t files) {
    d.start();
    d.drop(name, csv(name, 150));
    ASSERT_EQ(d.wait_for_files(files).size(), files);
    ASSERT_EQ(d.stop(), 0);
}

// The daemon reads new files but sends nothing, says why once, and continues when the file beside the ledger is
// removed.
void expect_waits_for_operator(daemon_under_test& d, std::size_t files) {
    const std::uint64_t requests = d.hubspot().counters().requests;
    const std::size_t before = d.log().size();
    d.drop("later", "");
    fs::remove(d.state("/inbox/later"));
    d.drop("after.csv", csv("after", 20));
    d.start();
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.read", before) != std::string::npos; }));
    ASSERT_EQ(d.stop(), 0);
    d.start();  // the pause survives a restart
    EXPECT_FALSE(d.wait([&] { return d.hubspot().counters().requests > requests; }, 1s));
    ASSERT_EQ(d.stop(), 0);
    const std::string log = d.log().substr(before);
    EXPECT_EQ(count_of(log, "ERROR event=ledger.behind"), 1u) << log;
    EXPECT_EQ(count_of(log, "event=pause.goes_on reason=operator"), 2u) << log;
    fs::remove(d.state("/generation"));
    d.start();
    EXPECT_EQ(d.wait_for_files(files).size(), files);
    EXPECT_EQ(d.stop(), 0);
}

TEST(Recovery, LedgerFromABackupStartsInPauseOperator) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    fs::copy(d.state("/ledger.db"), d.folder() + "/backup.db");
    run_file(d, "b.csv", 2);
    fs::copy(d.folder() + "/backup.db", d.state("/ledger.db"), fs::copy_options::overwrite_existing);
    const auto batches = d.batches().size();
    expect_waits_for_operator(d, 3);
    // Its number was not used in the lost part, and no report line of that time is lost.
    EXPECT_EQ(d.lines("files.ndjson").back().at("file_id"), "00000003");
    EXPECT_GT(d.batches().size(), batches);
    // The file that was done meanwhile is read again, and waits for an operator.
    EXPECT_EQ(d.names("/processing"), std::vector<std::string>{"00000002.csv"});
    EXPECT_EQ(d.names("/done").size(), 2u);
    d.start();
    EXPECT_EQ(d.command("release 2").status, 0);
    const auto all = d.wait_for_files(4);
    EXPECT_EQ(all.back().at("file_id"), "00000002");
    EXPECT_EQ(count(all.back(), "confirmed"), 150u);
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(d.names("/done").size(), 3u);
}

// More is lost than what done/ certainly has: nothing of it is sent again automatically, and no older change replaces
// it.
TEST(Recovery, OldBackupHoldsWhatItHasOpen) {
    daemon_under_test d;
    d.start();
    ASSERT_EQ(d.command("pause").status, 0);
    d.drop("a.csv", csv("a", 150));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.read") != std::string::npos; }));
    ASSERT_EQ(d.stop(), 0);
    fs::copy(d.state("/ledger.db"), d.folder() + "/backup.db");
    d.start();
    ASSERT_EQ(d.command("resume").status, 0);
    EXPECT_EQ(d.wait_for_files(1).size(), 1u);
    ASSERT_EQ(d.stop(), 0);
    for (const char* const name : {"b.csv", "c.csv"}) run_file(d, name, d.lines("files.ndjson").size() + 1);
    fs::copy(d.folder() + "/backup.db", d.state("/ledger.db"), fs::copy_options::overwrite_existing);
    const std::uint64_t requests = d.hubspot().counters().requests;
    d.start();
    ASSERT_NE(d.log().find("0 of done/ are read again and held, 2 of done/ are left there; 1 open ones are held"),
              std::string::npos)
        << d.log();
    ASSERT_EQ(d.command("resume").status, 0);
    EXPECT_FALSE(d.wait([&] { return d.hubspot().counters().requests > requests; }, 1s));
    EXPECT_EQ(d.command("release 1").status, 0);
    EXPECT_EQ(d.wait_for_files(4).size(), 4u);
    EXPECT_EQ(d.stop(), 0);
}

TEST(Recovery, LedgerThatIsGoneIsNotSilentlyBegunAnew) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    fs::remove(d.state("/ledger.db"));
    expect_waits_for_operator(d, 2);
    EXPECT_EQ(d.lines("files.ndjson").back().at("file_id"), "00000002");
}

TEST(Recovery, FilesThatTheLedgerDoesNotKnowAreReadAgainAndHeld) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    std::ofstream(d.state("/processing/00000007.csv")) << csv("stray", 3);
    fs::remove(d.state("/ledger.db"));
    expect_waits_for_operator(d, 2);
    EXPECT_NE(d.log().find("1 of processing/ and 1 of done/ are read again and held"), std::string::npos);
    EXPECT_EQ(d.lines("files.ndjson").back().at("file_id"), "00000008");
    auto held = d.names("/processing");
    std::sort(held.begin(), held.end());
    EXPECT_EQ(held, (std::vector<std::string>{"00000001.csv", "00000007.csv"}));
    d.start();
    EXPECT_EQ(d.command("release 7").status, 0);
    EXPECT_EQ(d.wait_for_files(3).back().at("name"), "00000007.csv");
    EXPECT_EQ(d.stop(), 0);
}

// `damage` changes the bytes of the ledger.
void expect_refuses(const std::function<void(std::string&)>& damage) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    std::string bytes = bytes_of(d.state("/ledger.db"));
    damage(bytes);
    std::ofstream(d.state("/ledger.db"), std::ios::binary) << bytes;
    d.drop("b.csv", csv("b", 10));
    d.launch();
    EXPECT_EQ(d.wait_for_exit(), 3) << d.log();
    EXPECT_NE(d.log().find("is damaged ("), std::string::npos) << d.log();
    EXPECT_NE(d.log().find("/recovery.md says"), std::string::npos);
    EXPECT_EQ(bytes_of(d.state("/ledger.db")), bytes) << "the damaged ledger was changed";
    EXPECT_EQ(d.names("/inbox"), std::vector<std::string>{"b.csv"});
    EXPECT_EQ(d.names("/done").size(), 1u);
}

// A restart would not help, so systemd must not try: status 3.
TEST(Recovery, LedgerOfANewerVersionIsRefusedForGoodAndKept) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    {
        std::fstream ledger(d.state("/ledger.db"), std::ios::in | std::ios::out | std::ios::binary);
        ledger.seekp(63).put(99);  // the last byte of PRAGMA user_version
    }
    const auto size = fs::file_size(d.state("/ledger.db"));
    EXPECT_EQ(d.fail_to_start(), 3);
    EXPECT_NE(d.log().find("written by a newer consent-sync"), std::string::npos) << d.log();
    EXPECT_EQ(fs::file_size(d.state("/ledger.db")), size);
}

TEST(Recovery, LedgerOfADevelopmentVersionIsRefusedForGoodAndKept) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    ledger::database(d.state("/ledger.db"), ledger::database::access::read_write)
        .execute("PRAGMA application_id=0; PRAGMA user_version=6");
    const std::string bytes = bytes_of(d.state("/ledger.db"));
    EXPECT_EQ(d.fail_to_start(), 3);
    EXPECT_NE(d.log().find("written by a development version of consent-sync before the first release (schema 6)"),
              std::string::npos)
        << d.log();
    EXPECT_EQ(bytes_of(d.state("/ledger.db")), bytes);
}

TEST(Recovery, LedgerWithoutItsHeaderIsRefusedAndKept) {
    expect_refuses([](std::string& bytes) { std::fill(bytes.begin(), bytes.begin() + 512, 'x'); });
}
TEST(Recovery, LedgerWithBrokenPagesIsRefusedAndKept) {
    expect_refuses([](std::string& bytes) { std::fill(bytes.begin() + 4096, bytes.end(), '\x5a'); });
}
TEST(Recovery, LedgerThatIsNoDatabaseIsRefusedAndKept) {
    expect_refuses([](std::string& bytes) { bytes = std::string(20'000, 'n'); });
}

// Runs the commands of a chapter of the recovery page with some parts replaced, and returns their output. "$1" stands
// for the state folder.
std::string run_page_commands(daemon_under_test& d, const std::string& chapter,
                              const std::vector<std::pair<std::string, std::string>>& replaced) {
    const std::string page = bytes_of(CONSENT_SYNC_SOURCE_DIR "/systemd/recovery.md");
    const std::size_t begin = page.find("```sh\n", page.find(chapter)) + 6;
    std::string commands = page.substr(begin, page.find("```", begin) - begin);
    for (const auto& [part, by] : replaced) {
        const std::size_t at = commands.find(part);
        EXPECT_NE(at, std::string::npos) << part;
        if (at != std::string::npos) commands.replace(at, part.size(), by);
    }
    std::ofstream(d.file("commands")) << "set -euo pipefail\n" << commands;
    const program_result done = run_program({"bash", d.file("commands"), d.state()});
    EXPECT_EQ(done.status, 0) << done.out;
    return done.out;
}

std::size_t root_page(const std::string& path, const std::string& name) {
    const ledger::database db(path, ledger::database::access::read_only);
    auto page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name=?");
    page.run_with(name);
    return page.step() ? static_cast<std::size_t>(page.integer(0)) : 1;
}

TEST(Recovery, CommandsOfTheRecoveryPageSaveWhatCanBeRead) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    run_file(d, "b.csv", 2);
    std::string bytes = bytes_of(d.state("/ledger.db"));
    ASSERT_GT(bytes.size(), 8u * 8'192);
    // A page that every start reads, and the last pages.
    const std::size_t read_at_start = (root_page(d.state("/ledger.db"), "attempts_open") - 1) * 8'192;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(read_at_start), 8'192, '\x5a');
    std::fill(bytes.end() - 3 * 8'192, bytes.end() - 8'192, '\x5a');
    std::ofstream(d.state("/ledger.db"), std::ios::binary) << bytes;
    EXPECT_EQ(d.fail_to_start(), 3);
    const std::string said = run_page_commands(
        d, "## A damaged ledger", {{"systemctl stop consent-sync\n", ""}, {"/var/lib/consent-sync", "\"$1\""}});
    EXPECT_EQ(said, "ok\n");
    EXPECT_TRUE(open_to_others(d.state()).empty());
    expect_waits_for_operator(d, 3);
    EXPECT_EQ(d.lines("files.ndjson").back().at("file_id"), "00000003");
    ledger::database saved(d.state("/ledger.db"), ledger::database::access::read_only);
    std::size_t rows = 0;  // by their verdicts: the pages with what stood in some of them are gone
    ledger::block_reader(saved).each_block(consent::place(), consent::place(INT64_MAX),
                                           [&rows](ledger::block_id, const ledger::verdict_block& block) {
                                               rows += block.rows();
                                               return true;
                                           });
    EXPECT_GT(rows, 20u + 100u) << "of 300 old rows and 20 new ones";
}

TEST(Recovery, CommandsOfTheRecoveryPageKeepACopyOfALedgerThatIsBehind) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    fs::copy(d.state("/ledger.db"), d.folder() + "/backup.db");
    run_file(d, "b.csv", 2);
    fs::copy(d.folder() + "/backup.db", d.state("/ledger.db"), fs::copy_options::overwrite_existing);
    d.start();
    const std::string said = run_page_commands(
        d, "## A ledger that is behind",
        {{"systemctl stop consent-sync\n", "kill " + std::to_string(d.process()) +
                                               "\n"
                                               "while [ -e /proc/" +
                                               std::to_string(d.process()) + "/exe ]; do sleep 0.01; done\n"},
         {"systemctl start consent-sync\nconsent-sync status\n", ""},
         {"/var/lib/consent-sync", "\"$1\""}});
    EXPECT_EQ(said, "");
    for (const char* name : {"ledger.db", "newest-commit", "generation"})
        EXPECT_EQ(bytes_of(d.state("/behind/") + name), bytes_of(d.state("/") + name)) << name;
    EXPECT_TRUE(open_to_others(d.state("/behind")).empty());
    EXPECT_EQ(d.wait_for_exit(), 0);
    d.start();
    EXPECT_NE(d.command("status").out.find("PAUSED (operator)"), std::string::npos);
    EXPECT_EQ(d.stop(), 0);
}

// A changed bit in an address is found before any row of its block is sent, and the page says how to continue.
TEST(Recovery, AChangedBitInAWaitingRowIsSaidAndNothingOfItsBlockIsSent) {
    daemon_under_test d;
    d.start();
    ASSERT_EQ(d.command("pause").status, 0);
    d.drop("a.csv", csv("a", 200));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.read") != std::string::npos; }));
    ASSERT_EQ(d.stop(), 0);
    std::string bytes = bytes_of(d.state("/ledger.db"));
    ASSERT_EQ(count_of(bytes, "a40@example.com"), 1u);
    bytes[bytes.find("a40@example.com")] ^= 2;  // to c
    std::ofstream(d.state("/ledger.db"), std::ios::binary) << bytes;
    d.launch();
    EXPECT_EQ(d.wait_for_exit(), 3) << d.log();
    EXPECT_EQ(count_of(d.log(), "event=ledger.damaged"), 1u) << d.log();
    EXPECT_NE(d.log().find("is damaged (rows 1 to 127 of file 00000001, block 33554432, are not as they were written)"),
              std::string::npos)
        << d.log();
    EXPECT_NE(d.log().find("/recovery.md says"), std::string::npos);
    EXPECT_EQ(d.batches().size(), 0u);

    run_page_commands(d, "### Rows that are not as they were written",
                      {{"systemctl stop consent-sync\n", ""},
                       {"systemctl start consent-sync\n", ""},
                       {"/var/lib/consent-sync", "\"$1\""},
                       {"file=00000003", "file=00000001"}});
    d.start();
    ASSERT_EQ(d.command("resume").status, 0);
    const auto files = d.wait_for_files(1);
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].at("name"), "again-00000001.csv");
    EXPECT_EQ(files[0].at("file_id"), "00000002");
    EXPECT_EQ(count(files[0], "confirmed"), 200u);
    EXPECT_EQ(d.stop(), 0);
    EXPECT_TRUE(d.hubspot().state("a40@example.com", 7));
    EXPECT_FALSE(d.hubspot().state("c40@example.com", 7));
}

TEST(Recovery, OptOutsThatWentAheadCanBeDroppedAgainBeforeAnythingElseIsSent) {
    daemon_under_test d;
    run_file(d, "a.csv", 1);
    ledger::database(d.state("/ledger.db"), ledger::database::access::read_write)
        .execute("INSERT INTO overtakes SELECT id, (1<<32)+1, x'00' FROM attempts WHERE id=1");
    EXPECT_EQ(d.fail_to_start(), 3);
    EXPECT_NE(d.log().find("is damaged (the opt-outs that attempt 1 sent ahead are not as they were written)"),
              std::string::npos)
        << d.log();
    const std::string said = run_page_commands(d, "### Opt-outs that went ahead are not",
                                               {{"systemctl stop consent-sync\n", ""},
                                                {"systemctl start consent-sync\n", ""},
                                                {"/var/lib/consent-sync", "\"$1\""},
                                                {"attempt=12", "attempt=1"}});
    EXPECT_NE(said.find("file:rows 1:1"), std::string::npos) << said;
    const std::uint64_t requests = d.hubspot().counters().requests;
    d.drop("again.csv", csv("again", 20));
    d.start();
    ASSERT_TRUE(d.wait([&] { return count_of(d.log(), "event=file.read") == 2; })) << d.log();
    EXPECT_EQ(d.hubspot().counters().requests, requests);
    ASSERT_EQ(d.command("resume").status, 0);
    EXPECT_EQ(d.wait_for_files(2).size(), 2u);
    EXPECT_EQ(d.stop(), 0);
}

// A real file system that is really full, or read-only.
class small_disk {
  public:
    explicit small_disk(std::string folder) : folder_(std::move(folder)) {}
    ~small_disk() {
        if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
    }
    bool mount(const char* options, bool read_only = false) {
        unsigned long flags = 0;
        if (mounted_) flags |= MS_REMOUNT;
        if (read_only) flags |= MS_RDONLY;
        const bool done = ::mount("none", folder_.c_str(), "tmpfs", flags, options) == 0;
        mounted_ = mounted_ || done;
        return done;
    }

  private:
    std::string folder_;
    bool mounted_ = false;
};

TEST(Recovery, FullDiskPausesLeavesTheInboxAloneAndGoesOnWhenThereIsRoom) {
    daemon_under_test d;
    small_disk disk(d.state());
    if (!disk.mount("size=1M,mode=0700")) GTEST_SKIP() << "needs root: mount failed";
    const std::string outside = d.folder() + "/outside";
    d.replace_in_config("\"settle\": \"100ms\"",
                        "\"settle\": \"100ms\", \"dir\": \"" + outside + "/inbox\", \"work_dir\": \"" + outside + "\"");
    d.start();
    const auto drop = [&](const std::string& name, int rows) {
        std::ofstream(outside + "/inbox/.x.tmp") << csv(name, rows);
        fs::rename(outside + "/inbox/.x.tmp", outside + "/inbox/" + name);
    };
    drop("large.csv", 20'000);
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=disk") != std::string::npos; })) << d.log();
    drop("small.csv", 10);
    EXPECT_FALSE(d.wait([&] { return !fs::exists(outside + "/inbox/small.csv"); }, 2s)) << "the inbox was touched";
    EXPECT_EQ(count_of(d.log(), "event=pause.begun"), 1u);
    EXPECT_LE(count_of(d.log(), " ERROR "), 2u) << d.log();  // the pause, and the waiting reports
    ASSERT_TRUE(disk.mount("size=64M,mode=0700"));
    const auto files = d.wait_for_files(2, 120s);
    ASSERT_EQ(files.size(), 2u);
    for (const auto& file : files) EXPECT_EQ(count(file, "confirmed"), count(file, "rows"));
    EXPECT_EQ(count_of(d.log(), "event=pause.ended reason=disk"), 1u);
    EXPECT_EQ(d.stop(), 0);
}

// Creates files until no more can be created.
void use_up_inodes(const std::string& folder) {
    fs::create_directory(folder);
    for (int i = 0; i < 10'000; ++i)
        if (!std::ofstream(folder + "/" + std::to_string(i))) return;
    ADD_FAILURE() << "the file system still has inodes";
}

TEST(Recovery, AStartWithoutAFreeInodeSendsWhatTheLedgerHoldsAndGoesOnWhenThereAreSome) {
    for (const bool clean : {true, false}) {
        daemon_under_test d;
        small_disk disk(d.state());
        if (!disk.mount("size=64M,nr_inodes=300,mode=0700")) GTEST_SKIP() << "needs root: mount failed";
        d.hubspot().change([](hubspot_sim::options& o) { o.tokens = {"pat-test-the-other-token"}; });
        d.start();
        d.drop("a.csv", csv("a", 50));
        ASSERT_TRUE(d.wait([&] { return d.log().find("event=pause.begun reason=auth") != std::string::npos; }));
        ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.read") != std::string::npos; }));
        if (clean) {
            EXPECT_EQ(d.stop(), 0);
        } else {
            d.kill_hard();
        }
        std::error_code failed;
        fs::remove(d.state("/control.sock"), failed);  // no leftover of a crash frees an inode
        use_up_inodes(d.state("/fill"));
        d.write_token("pat-test-the-other-token");
        d.start();
        ASSERT_TRUE(d.wait([&] {
            return d.log().find("event=batch.settled", 0) != std::string::npos &&
                   d.hubspot().state("a50@example.com", 7).has_value();
        })) << d.log();
        EXPECT_NE(d.log().find("WARN event=disk.no_inodes"), std::string::npos);
        EXPECT_EQ(d.log().find("event=pause.begun reason=disk"), std::string::npos);
        EXPECT_NE(d.command("status").out.find("no free inode"), std::string::npos) << d.command("status").out;
        fs::remove_all(d.state("/fill"));
        const auto files = d.wait_for_files(1);
        ASSERT_EQ(files.size(), 1u);
        EXPECT_EQ(count(files[0], "confirmed"), 50u);
        ASSERT_TRUE(d.wait([&] { return d.log().find("event=control.listening") != std::string::npos; }));
        EXPECT_EQ(d.command("pause").status, 0);
        EXPECT_EQ(d.command("status").out.find("no free inode"), std::string::npos);
        EXPECT_EQ(d.stop(), 0);
    }
}

// The kernel makes a file system read-only when its disk fails. This is not possible here while a file is open for
// writing, so the daemon meets it at its start. tests/storage_faults covers open files.
TEST(Recovery, ReadOnlyStateIsSaidAndKept) {
    daemon_under_test d;
    small_disk disk(d.state());
    if (!disk.mount("size=64M,mode=0700")) GTEST_SKIP() << "needs root: mount failed";
    run_file(d, "a.csv", 1);
    d.drop("b.csv", csv("b", 10));
    ASSERT_TRUE(disk.mount("size=64M,mode=0700", true));
    const std::size_t before = d.log().size();
    EXPECT_NE(d.fail_to_start(), 0);
    EXPECT_NE(d.log().find("Read-only file system", before), std::string::npos) << d.log().substr(before);
    EXPECT_EQ(d.log().find("event=ledger.damaged"), std::string::npos);
    ASSERT_TRUE(disk.mount("size=64M,mode=0700"));
    d.start();
    EXPECT_EQ(d.wait_for_files(2).size(), 2u);
    EXPECT_EQ(d.stop(), 0);
}

}  // namespace
}  // namespace consent_sync::integration
