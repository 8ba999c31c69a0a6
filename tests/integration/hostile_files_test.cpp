// Files and names that were made to break the daemon, or that are broken.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "integration/daemon_under_test.hpp"

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;

const std::string header = "email,status,subscription_id\n";

std::string row(const std::string& who) { return who + "@example.com,subscribed,7\n"; }

const boost::json::object* find(const std::vector<boost::json::object>& files, const std::string& name) {
    for (const auto& file : files)
        if (file.at("name").as_string() == name) return &file;
    return nullptr;
}

void expect_counts(const std::vector<boost::json::object>& files, const std::string& name, std::uint64_t confirmed,
                   std::uint64_t invalid) {
    const auto* const file = find(files, name);
    ASSERT_NE(file, nullptr) << name;
    EXPECT_EQ(count(*file, "confirmed"), confirmed) << name;
    EXPECT_EQ(count(*file, "invalid"), invalid) << name;
}

void write_packed(const std::string& path, const std::string& begin, char filler, std::uint64_t size) {
    const gzFile out = ::gzopen(path.c_str(), "wb9");
    ::gzwrite(out, begin.data(), static_cast<unsigned>(begin.size()));
    const std::string block(1 << 20, filler);
    for (std::uint64_t n = 0; n < size; n += block.size())
        ::gzwrite(out, block.data(), static_cast<unsigned>(block.size()));
    ::gzclose(out);
}

std::uint64_t memory_peak(const daemon_under_test& d) {  // bytes
    std::ifstream status("/proc/" + std::to_string(d.process()) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
    return 0;
}

TEST(HostileFiles, NamesAreDataEverywhere) {
    daemon_under_test d;
    d.start();
    const std::vector<std::string> names = {"two\nlines event=fake.csv",
                                            "-rf.csv",
                                            "--help.csv",
                                            "\x1b[31mred\x1b]0;title\x07.csv",
                                            "\xe2\x80\xae"
                                            "csv.exe.csv",
                                            "not\xff\xfeutf8.csv",
                                            "x..\\..\\up.csv",
                                            "%2e%2e%2fup.csv",
                                            "$(touch x);`id`|&.csv",
                                            "\"quoted\" 'name'.csv",
                                            " .csv",
                                            std::string(251, 'n') + ".csv"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        ASSERT_LE(names[i].size(), 255u);
        d.drop(names[i],
               header + row("a" + std::to_string(i)) + "nobody,subscribed,7\n");  // a failed row: a folder of its own
    }
    const auto files = d.wait_for_files(names.size());
    ASSERT_EQ(files.size(), names.size());
    for (const auto& file : files) EXPECT_EQ(count(file, "confirmed"), 1u);
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(d.names("/done").size(), names.size());
    EXPECT_TRUE(d.names("/processing").empty());
    const std::string log = d.log();
    EXPECT_EQ(log.find('\x1b'), std::string::npos);
    EXPECT_EQ(log.find('\x07'), std::string::npos);
    EXPECT_EQ(log.find("\xe2\x80\xae"), std::string::npos);
    EXPECT_EQ(log.find("\nlines event=fake"), std::string::npos);
    for (const auto& entry : fs::recursive_directory_iterator(d.state()))
        EXPECT_TRUE(entry.path().string().starts_with(d.state("/")));
    EXPECT_FALSE(fs::exists(d.state("/up.csv")) || fs::exists(d.folder() + "/up.csv") || fs::exists("x"));
}

TEST(HostileFiles, OnlyRegularFilesOfOneNameAreTaken) {
    daemon_under_test d;
    d.start();
    const std::string inbox = d.state("/inbox/");
    std::ofstream(d.folder() + "/secret.csv") << header << row("stolen");
    fs::create_symlink(d.folder() + "/secret.csv", inbox + "link.csv");
    fs::create_symlink("/dev/zero", inbox + "zero.csv");
    fs::create_hard_link(d.folder() + "/secret.csv", inbox + "hard.csv");
    fs::create_directory(inbox + "folder.csv");
    ASSERT_EQ(::mkfifo((inbox + "fifo.csv").c_str(), 0666), 0);
    const bool device = ::mknod((inbox + "device.csv").c_str(), S_IFCHR | 0666, 0x0105) == 0;  // /dev/zero; needs root
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (inbox + "socket.csv").c_str(), sizeof address.sun_path - 1);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    d.drop("good.csv", header + row("a"));
    ASSERT_EQ(d.wait_for_files(1).size(), 1u);
    for (const char* reason : {"symlink", "hard_link", "folder", "fifo", "socket"})
        EXPECT_TRUE(d.wait([&] { return d.log().find(std::string("reason=") + reason) != std::string::npos; }))
            << reason;
    if (device) {
        EXPECT_TRUE(d.wait([&] { return d.log().find("reason=device") != std::string::npos; }));
    }
    EXPECT_EQ(d.names("/inbox").size(), device ? 7u : 6u);
    EXPECT_FALSE(d.hubspot().state("stolen@example.com", 7));
    // Without its second name it is a normal file.
    fs::remove(d.folder() + "/secret.csv");
    EXPECT_EQ(d.wait_for_files(2).size(), 2u);
    EXPECT_TRUE(d.hubspot().state("stolen@example.com", 7));
    ::close(listener);
    EXPECT_EQ(d.stop(), 0);
}

// How often an event was logged, and how many of its lines were reported as omitted.
struct told_lines {
    std::size_t written = 0, left_out = 0;
};
told_lines count_lines(const std::string& log, const std::string& event) {
    told_lines told;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        const std::string head = "event=log.left_out of=" + event + " count=";
        if (line.find(" event=" + event + " ") != std::string::npos) ++told.written;
        if (const std::size_t at = line.find(head); at != std::string::npos)
            told.left_out += std::stoul(line.substr(at + head.size()));
    }
    return told;
}

TEST(HostileFiles, ThousandsOfOddFilesMakeFewLinesAndTheirNumberIsTold) {
    daemon_under_test d;
    d.start();
    constexpr std::size_t links = 3'000, empty = 300, broken = 200;
    for (std::size_t i = 0; i < links; ++i) fs::create_symlink("nowhere", d.state("/inbox/l" + std::to_string(i)));
    for (std::size_t i = 0; i < empty; ++i) d.drop("e" + std::to_string(i) + ".csv", "nothing,known\n1,2\n");
    for (std::size_t i = 0; i < broken; ++i)
        d.drop("b" + std::to_string(i) + ".json", "[{\"email\":\"a" + std::to_string(i) +
                                                      "@example.com\",\"status\":\"subscribed\","
                                                      "\"subscriptionId\":7,\"more\":1},{");
    ASSERT_EQ(d.wait_for_files(broken).size(), broken);
    ASSERT_TRUE(d.wait([&] { return d.names("/refused").size() >= 2 * empty; }, 60s));
    d.drop("good.csv", header + row("ann"));
    ASSERT_EQ(d.wait_for_files(broken + 1).size(), broken + 1);
    EXPECT_EQ(d.stop(), 0);
    const std::string log = d.log();
    for (const auto& [event, all] : {std::pair("inbox.left", links), std::pair("file.refused", empty),
                                     std::pair("file.broke_off", broken), std::pair("file.columns_ignored", broken)}) {
        const told_lines told = count_lines(log, event);
        EXPECT_EQ(told.written + told.left_out, all) << event;
        EXPECT_LE(told.written, 80u) << event;  // 20 a minute; some minutes may pass on a slow machine
        EXPECT_GE(told.written, 20u) << event;
    }
    EXPECT_NE(log.find("ERROR event=log.left_out of=file.refused"), std::string::npos);
}

TEST(HostileFiles, RenameOfSftpIsTakenOnce) {
    daemon_under_test d;
    d.start();
    const std::string inbox = d.state("/inbox/");
    std::ofstream(inbox + "up.csv.filepart") << header << row("a");
    ASSERT_EQ(::link((inbox + "up.csv.filepart").c_str(), (inbox + "up.csv").c_str()), 0);
    ASSERT_EQ(::unlink((inbox + "up.csv.filepart").c_str()), 0);
    const auto files = d.wait_for_files(1);
    EXPECT_EQ(files.size(), 1u);
    EXPECT_EQ(d.stop(), 0);
    EXPECT_EQ(d.lines("files.ndjson").size(), 1u);
}

TEST(HostileFiles, ContentHurtsItsOwnRowsOnly) {
    daemon_under_test d;
    d.start();
    const std::string filler(8'192, ' ');
    const std::string nul(1, '\0');
    d.drop("quote.csv", header + row("a") + "\"b@example.com,subscribed,7\n" + row("c"));
    d.drop("field.csv", header + row("d") + std::string(900'000, 'x') + ",subscribed,7\n" + row("e"));
    d.drop("row.csv", header + row("f") + std::string(3 << 20, 'x') + "\n" + row("g"));
    d.drop("nul.csv", header + row("h") + "filler" + filler + "@example.com,subscribed,7\n" + std::string("i") + nul +
                          "@example.com,subscribed,7\n" + row("j"));
    d.drop("utf8.csv", header + row("k") + "\xc3\x28@example.com,subscribed,7\n" + row("l"));
    d.drop("deep.json", "{\"inputs\":[{\"email\":\"m@example.com\",\"status\":\"subscribed\",\"subscription_id\":7}," +
                            std::string(100'000, '[') + std::string(100'000, ']') +
                            ",{\"email\":\"n@example.com\",\"status\":\"subscribed\",\"subscription_id\":7}]}");
    d.drop("deep.ndjson", "{\"email\":\"o@example.com\",\"status\":\"subscribed\",\"subscription_id\":7}\n{\"a\":" +
                              std::string(100'000, '{') +
                              "\n{\"email\":\"p@example.com\",\"status\":\"subscribed\",\"subscription_id\":7}\n");
    d.drop("escape.csv", header + row("q") + "\x1b[2J@example.com,subscribed,7\n");
    const auto files = d.wait_for_files(8);
    ASSERT_EQ(files.size(), 8u);
    expect_counts(files, "quote.csv", 2, 1);
    expect_counts(files, "field.csv", 2, 1);
    expect_counts(files, "row.csv", 2, 1);
    expect_counts(files, "nul.csv", 2, 2);
    expect_counts(files, "utf8.csv", 2, 1);
    expect_counts(files, "deep.json", 2, 1);
    expect_counts(files, "deep.ndjson", 2, 1);
    expect_counts(files, "escape.csv", 1, 1);
    EXPECT_EQ(d.log().find('\x1b'), std::string::npos);
    EXPECT_EQ(d.stop(), 0);
}

TEST(HostileFiles, GigabytesWithoutARowNeedLittleMemoryAndHoldNobodyUp) {
    daemon_under_test d;
    d.start();
    const std::string outside = d.folder() + "/made";
    std::ofstream(outside + ".csv") << header << std::string(8'192, 'x');
    fs::resize_file(outside + ".csv", 1ULL << 30);  // one line of a gigabyte, sparse
    write_packed(outside + ".gz", header, '\n', 96ULL << 20);
    write_packed(outside + ".row.gz", header + row("a"), 'y', 96ULL << 20);
    fs::rename(outside + ".csv", d.state("/inbox/line.csv"));
    fs::rename(outside + ".gz", d.state("/inbox/blank.csv.gz"));
    fs::rename(outside + ".row.gz", d.state("/inbox/row.csv.gz"));
    d.drop("small.csv", header + "b@example.com,unsubscribed,7\n");
    const auto files = d.wait_for_files(4, 600s);
    ASSERT_EQ(files.size(), 4u);
    EXPECT_EQ(files.front().at("name"), "small.csv") << "an opt-out waited for a gigabyte";
    expect_counts(files, "line.csv", 0, 1);
    expect_counts(files, "blank.csv.gz", 0, 0);
    expect_counts(files, "row.csv.gz", 1, 1);
    if (memory_tells) {
        EXPECT_LT(memory_peak(d), 200ULL << 20);
    }
    EXPECT_EQ(d.stop(), 0);
}

TEST(HostileFiles, StopDoesNotWaitForTheEndOfAHugeFile) {
    daemon_under_test d;
    d.start();
    const std::string made = d.folder() + "/made.csv";
    std::ofstream(made) << header << std::string(8'192, 'x');
    fs::resize_file(made, 3ULL << 30);
    fs::rename(made, d.state("/inbox/line.csv"));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.claimed") != std::string::npos; }));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(d.stop(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
    EXPECT_EQ(d.log().find("event=file.read"), std::string::npos);
}

TEST(HostileFiles, RowsThatAreAppendedWhileAFileIsSentAreReadToo) {
    hubspot_sim::options o;
    o.latency = std::chrono::milliseconds(1'500);  // so that the file is not done too early
    daemon_under_test d(std::move(o));
    d.start();
    d.drop("w.csv", header + row("a"));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.read") != std::string::npos; }));
    std::ofstream(d.state("/processing/00000001.csv"), std::ios::app) << row("b");
    const auto files = d.wait_for_files(2);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(count(files[0], "rows"), 1u);
    EXPECT_EQ(count(files[1], "confirmed"), 1u);
    EXPECT_TRUE(d.wait([&] { return d.log().find("WARN event=file.grew") != std::string::npos; })) << d.log();
    EXPECT_EQ(d.stop(), 0);
}

// A gigabyte takes a while, so this happens in the middle.
TEST(HostileFiles, AFileMayShrinkBeReplacedOrDeletedWhileItIsRead) {
    daemon_under_test d;
    d.start();
    std::size_t number = 0;
    const auto change_while_read = [&](const std::function<void(const std::string& path)>& change) {
        const std::string id = "0000000" + std::to_string(++number);
        const std::string made = d.folder() + "/made.csv";
        std::ofstream(made) << header << row("a" + id) << std::string(8'192, 'x');
        fs::resize_file(made, 1ULL << 30);
        fs::rename(made, d.state("/inbox/changing") + std::to_string(number) + ".csv");
        ASSERT_TRUE(d.wait([&] { return d.log().find("event=file.claimed file=" + id) != std::string::npos; }));
        change(d.state("/processing/" + id + ".csv"));
        ++number;
        d.drop("after" + std::to_string(number) + ".csv", header + row("b" + id));
    };
    change_while_read([](const std::string& path) { fs::resize_file(path, (header + row("a00000001")).size()); });
    change_while_read([&](const std::string& path) {
        std::ofstream(d.folder() + "/other") << header << row("other1") << row("other2");
        fs::rename(d.folder() + "/other", path);
    });
    change_while_read([](const std::string& path) { fs::remove(path); });
    const auto over = [&](const std::string& name) {
        return find(d.lines("files.ndjson"), name) != nullptr ||
               d.log().find("event=file.refused file=00000005") != std::string::npos;
    };
    EXPECT_TRUE(d.wait([&] { return over("changing5.csv") && d.lines("files.ndjson").size() >= 5; }, 60s)) << d.log();
    EXPECT_EQ(d.stop(), 0);
    const auto files = d.lines("files.ndjson");
    for (const char* name : {"after2.csv", "after4.csv", "after6.csv"}) expect_counts(files, name, 1, 0);
    for (const auto& file : files) {
        std::uint64_t sum = 0;
        for (const char* verdict : {"confirmed", "rejected", "invalid", "superseded", "unconfirmed"})
            sum += count(file, verdict);
        EXPECT_EQ(sum, count(file, "rows")) << file.at("name").as_string();
    }
    EXPECT_TRUE(d.names("/processing").empty());
}

TEST(HostileFiles, InboxMayDisappearAndComeBack) {
    daemon_under_test d;
    d.start();
    fs::rename(d.state("/inbox"), d.folder() + "/elsewhere");
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=inbox.gone") != std::string::npos; }));
    std::ofstream(d.folder() + "/elsewhere/a.csv") << header << row("a");
    EXPECT_TRUE(d.runs());
    fs::rename(d.folder() + "/elsewhere", d.state("/inbox"));
    const auto files = d.wait_for_files(1);
    EXPECT_EQ(files.size(), 1u);
    EXPECT_NE(d.log().find("event=inbox.back"), std::string::npos);
    // The folder is deleted with its content, and a new one is created.
    std::ofstream(d.state("/inbox/.b.tmp")) << header << row("b");
    fs::remove_all(d.state("/inbox"));
    fs::create_directory(d.folder() + "/new");
    fs::permissions(d.folder() + "/new", fs::perms::owner_all);
    fs::rename(d.folder() + "/new", d.state("/inbox"));
    d.drop("c.csv", header + row("c"));
    EXPECT_EQ(d.wait_for_files(2).size(), 2u);
    EXPECT_EQ(d.stop(), 0);
}

TEST(HostileFiles, ALinkInPlaceOfTheInboxIsNotFollowed) {
    daemon_under_test d;
    const std::string target = d.folder() + "/target";
    fs::create_directory(target);
    fs::permissions(target, fs::perms::owner_all);
    std::ofstream(target + "/theirs.csv") << header << row("theirs");
    d.start();
    fs::rename(d.state("/inbox"), d.state("/inbox.away"));
    fs::create_directory_symlink(target, d.state("/inbox"));
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=inbox.gone") != std::string::npos; }));
    std::ofstream(target + "/.more.tmp") << header << row("more");
    fs::rename(target + "/.more.tmp", target + "/more.csv");
    ASSERT_TRUE(d.wait([&] { return d.command("status").out.find("leads to " + target) != std::string::npos; }, 10s));
    // A start does not follow it either: it reports the link and continues.
    EXPECT_EQ(d.stop(), 0);
    d.launch();
    ASSERT_TRUE(d.wait([&] { return d.log().find("is a link in place of a folder") != std::string::npos; }));
    EXPECT_TRUE(fs::exists(target + "/theirs.csv"));
    EXPECT_TRUE(fs::exists(target + "/more.csv"));
    EXPECT_EQ(std::distance(fs::directory_iterator(target), fs::directory_iterator()), 2);
    fs::remove(d.state("/inbox"));
    fs::rename(d.state("/inbox.away"), d.state("/inbox"));
    d.drop("ours.csv", header + row("ours"));
    EXPECT_EQ(d.wait_for_files(1).size(), 1u);
    EXPECT_NE(d.log().find("event=inbox.back"), std::string::npos);
    EXPECT_EQ(d.stop(), 0);
}

TEST(HostileFiles, AnInboxThatTheOperatorNamedMayBeALink) {
    daemon_under_test d;
    const std::string place = d.folder() + "/place", link = d.folder() + "/link", other = d.folder() + "/other";
    for (const std::string& folder : {place, other}) {
        fs::create_directory(folder);
        fs::permissions(folder, fs::perms::owner_all);
    }
    fs::create_directory_symlink(place, link);
    d.replace_in_config("\"settle\": \"100ms\"", "\"settle\": \"100ms\", \"dir\": \"" + link + "\"");
    d.start();
    const auto drop = [](const std::string& folder, const std::string& who) {
        std::ofstream(folder + "/.x.tmp") << header << row(who);
        fs::rename(folder + "/.x.tmp", folder + "/" + who + ".csv");
    };
    drop(place, "ann");
    EXPECT_EQ(d.wait_for_files(1).size(), 1u);
    // The link is changed while the daemon runs.
    fs::remove(link);
    fs::create_directory_symlink(other, link);
    drop(other, "bob");
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=inbox.gone") != std::string::npos; }));
    EXPECT_TRUE(fs::exists(other + "/bob.csv"));
    fs::remove(link);
    fs::create_directory_symlink(place, link);
    drop(place, "cat");
    EXPECT_EQ(d.wait_for_files(2).size(), 2u);
    EXPECT_TRUE(fs::exists(other + "/bob.csv"));
    EXPECT_EQ(d.stop(), 0);
}

TEST(HostileFiles, ALinkInPlaceOfAFolderOfTheDaemonIsNotFollowed) {
    for (const std::string name : {"processing", "done", "refused", "reports"}) {
        daemon_under_test d;
        const std::string target = d.folder() + "/target";
        fs::create_directory(target);
        fs::permissions(target, fs::perms::owner_all);
        d.start();
        fs::rename(d.state("/" + name), d.folder() + "/away");
        fs::create_directory_symlink(target, d.state("/" + name));
        d.drop("a.csv", header + row("ann"));
        const std::string said = d.state("/" + name) + " is a link in place of a folder";
        ASSERT_TRUE(d.wait([&] { return d.log().find(said) != std::string::npos; })) << name << d.log();
        EXPECT_NE(d.command("status").out.find(name + " is a link"), std::string::npos) << name;
        EXPECT_TRUE(d.runs());
        EXPECT_TRUE(fs::is_empty(target)) << name;
        fs::remove(d.state("/" + name));
        fs::rename(d.folder() + "/away", d.state("/" + name));
        EXPECT_EQ(d.wait_for_files(1).size(), 1u) << name;
        EXPECT_EQ(d.stop(), 0);
        // The same at the start.
        fs::rename(d.state("/" + name), d.folder() + "/away");
        fs::create_directory_symlink(target, d.state("/" + name));
        EXPECT_EQ(d.fail_to_start(), 1) << name;  // systemd tries again
        EXPECT_TRUE(fs::is_empty(target)) << name;
        fs::remove(d.state("/" + name));
        fs::rename(d.folder() + "/away", d.state("/" + name));
    }
}

// 3,000 files in a test run; CONSENT_SYNC_FILES=100000 for the campaign.
TEST(HostileFiles, ManyFilesAtOnceAreEachDone) {
    const char* const wanted = std::getenv("CONSENT_SYNC_FILES");
    const std::size_t many = wanted ? std::stoul(wanted) : 3'000;
    hubspot_sim::options o;
    o.limit_requests = 0;
    daemon_under_test d(std::move(o));
    fs::create_directories(d.state("/inbox"));
    fs::permissions(d.state("/inbox"), fs::perms::owner_all);
    for (std::size_t i = 0; i < many; ++i)
        std::ofstream(d.state("/inbox/f") + std::to_string(i) + ".csv") << header << row("p" + std::to_string(i));
    const auto begun = std::chrono::steady_clock::now();
    d.start();
    const auto files = d.wait_for_files(many, std::chrono::seconds(60 + many / 100));
    ASSERT_EQ(files.size(), many);
    std::uint64_t confirmed = 0;
    for (const auto& file : files) confirmed += count(file, "confirmed");
    EXPECT_EQ(confirmed, many);
    EXPECT_TRUE(d.wait([&] { return d.names("/done").size() == many; }));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    std::cout << many << " files in " << took.count() << " ms, " << d.hubspot().counters().requests
              << " requests, peak " << (memory_peak(d) >> 20) << " MiB\n";
    if (memory_tells) {
        EXPECT_LT(memory_peak(d), 250ULL << 20);
    }
    EXPECT_EQ(d.stop(), 0);
}

// 200,000 rows in a test run; CONSENT_SYNC_ROWS=10000000 for the campaign.
TEST(HostileFiles, OneHugeFileIsDone) {
    const char* const wanted = std::getenv("CONSENT_SYNC_ROWS");
    const std::size_t rows = wanted ? std::stoul(wanted) : 200'000;
    hubspot_sim::options o;
    o.fast = true;
    o.limit_requests = 0;
    o.rate_headers = false;
    daemon_under_test d(std::move(o), R"("limits": { "requests": 10000, "daily": 1000000000 })");
    d.start();
    {
        std::ofstream out(d.folder() + "/huge.csv");
        out << header;
        for (std::size_t i = 0; i < rows; ++i) out << row("p" + std::to_string(i));
    }
    const auto begun = std::chrono::steady_clock::now();
    fs::rename(d.folder() + "/huge.csv", d.state("/inbox/huge.csv"));
    const auto files = d.wait_for_files(1, std::chrono::seconds(60 + rows / 2'000));
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(count(files[0], "confirmed"), rows);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    std::cout << rows << " rows in " << took.count() << " ms, peak " << (memory_peak(d) >> 20) << " MiB, ledger "
              << (fs::file_size(d.state("/ledger.db")) >> 20) << " MiB\n";
    if (memory_tells) {
        EXPECT_LT(memory_peak(d), 400ULL << 20);
    }
    EXPECT_EQ(d.stop(), 0);
}

}  // namespace
}  // namespace consent_sync::integration
