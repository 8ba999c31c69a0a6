// All kinds of writers, and contradictions that arrive together, with the real binary.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "base/file.hpp"
#include "integration/daemon_under_test.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::integration {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* all_subscribe = R"("defaults": { "statusState": "SUBSCRIBED", "subscriptionId": 7 })";
constexpr const char* header = "email,subscription_id,status\n";

// A writer in the inbox. Its descriptor is open as long as the object lives.
class writer {
  public:
    writer(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
        EXPECT_TRUE(fd_) << path;
    }
    void write(const std::string& text) const {
        EXPECT_EQ(::write(fd_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    int fd() const { return fd_.get(); }
    void close() { fd_.reset(); }

  private:
    base::unique_fd fd_;
};

class Arrival : public testing::Test {
  protected:
    void start(const std::string& more = all_subscribe) {
        d.emplace(hubspot_sim::options{}, more);
        d->start();
    }
    std::string inbox(const std::string& name) const { return d->state("/inbox/" + name); }
    writer create(const std::string& name) const { return {inbox(name), O_WRONLY | O_CREAT | O_TRUNC}; }
    bool logged(const std::string& text) const {
        return d->wait([&] { return d->log().find(text) != std::string::npos; });
    }
    std::string state(const std::string& who, std::int64_t subscription = 7) {
        const auto found = d->hubspot().state(who, subscription);
        return found ? std::string(found->status) : "";
    }
    std::vector<boost::json::object> files(std::size_t count) {
        auto done = d->wait_for_files(count);
        EXPECT_EQ(done.size(), count) << d->log();
        return done;
    }
    // The path of a finished file, which is moved after its report is written.
    std::string done(const std::string& name) {
        const std::string path = d->state("/done/" + name);
        EXPECT_TRUE(d->wait([&] { return fs::exists(path); })) << path;
        return path;
    }
    std::optional<daemon_under_test> d;
};

TEST_F(Arrival, HalfALineWaitsForItsWriter) {
    start();
    writer w = create("half.csv");
    w.write("email\nann@example.com\nbob@example.co");
    ASSERT_TRUE(logged("event=inbox.left name=half.csv reason=open")) << d->log();
    EXPECT_TRUE(fs::exists(inbox("half.csv")));
    w.write("m\n");
    w.close();
    EXPECT_EQ(count(files(1)[0], "confirmed"), 2u);
    EXPECT_EQ(state("bob@example.com"), "SUBSCRIBED");
    EXPECT_EQ(state("bob@example.co"), "");
}

// It closes the file in the middle of a line and opens it again for the rest: soon, or when the first part was read.
TEST_F(Arrival, HalfALineOfAClosedFileSubscribesNobody) {
    start();
    { create("soon.csv").write("email\nann@example.com\nbob@example.co"); }
    { writer(inbox("soon.csv"), O_WRONLY | O_APPEND).write("m\n"); }
    const auto soon = files(1)[0];
    EXPECT_EQ(count(soon, "confirmed"), 2u);
    { create("late.csv").write("email\ndora@example.com\neve@example.co"); }
    const auto first = files(2)[1];
    EXPECT_EQ(count(first, "confirmed"), 1u);
    EXPECT_EQ(count(first, "invalid"), 1u);
    { writer(done("00000002-late.csv"), O_WRONLY | O_APPEND).write("m\n"); }
    EXPECT_EQ(count(files(3)[2], "confirmed"), 1u);
    EXPECT_EQ(state("eve@example.com"), "SUBSCRIBED");
    for (const char* stranger : {"bob@example.co", "eve@example.co"}) EXPECT_EQ(state(stranger), "") << stranger;
}

// A last row without a line end: an opt-out is sent, and so is what ends in a status in full.
TEST_F(Arrival, OnlyARowThatMayBeHalfIsDoubted) {
    start();
    { create("a.csv").write("email,status,city\nann@example.com,unsubscribed,Ul"); }
    EXPECT_EQ(count(files(1)[0], "confirmed"), 1u);
    { create("b.csv").write("email,subscription_id,status\nbob@example.com,7,subscribed"); }
    EXPECT_EQ(count(files(2)[1], "confirmed"), 1u);
    { create("c.csv").write("email,status,opt_out\neve@example.com,subscribed,"); }
    EXPECT_EQ(count(files(3)[2], "invalid"), 1u);
    { create("d.csv").write("email,status,subscription_id\neve@example.com,subscribed,7"); }
    EXPECT_EQ(count(files(4)[3], "invalid"), 1u);
    { create("e.ndjson").write("{\"email\":\"dora@example.com\"}"); }
    EXPECT_EQ(count(files(5)[4], "confirmed"), 1u) << "a bracket closes it";
    EXPECT_EQ(state("eve@example.com"), "");
}

TEST_F(Arrival, AnEmptyFileWaitsForItsRows) {
    start();
    { const writer touched = create("empty.csv"); }
    ASSERT_TRUE(logged("event=inbox.left name=empty.csv reason=empty")) << d->log();
    { create("empty.csv").write("email\nann@example.com\n"); }
    EXPECT_EQ(count(files(1)[0], "confirmed"), 1u);
}

TEST_F(Arrival, AFileThatIsRenamedWhileItIsWrittenWaitsForItsWriter) {
    start();
    writer w = create("x.csv.uploading");
    w.write("email\nann@example.com\n");
    fs::rename(inbox("x.csv.uploading"), inbox("x.csv"));
    ASSERT_TRUE(logged("event=inbox.left name=x.csv reason=open")) << d->log();
    w.write("bob@example.com\n");
    w.close();
    EXPECT_EQ(count(files(1)[0], "confirmed"), 2u);
}

// Only another check shows that a mapping has ended.
TEST_F(Arrival, AMappedFileWaitsUntilItIsUnmapped) {
    start();
    const std::string text = "email\nann@example.com\n";
    writer w(inbox("mapped.csv"), O_RDWR | O_CREAT);
    ASSERT_EQ(::ftruncate(w.fd(), static_cast<off_t>(text.size())), 0);
    void* const bytes = ::mmap(nullptr, text.size(), PROT_READ | PROT_WRITE, MAP_SHARED, w.fd(), 0);
    ASSERT_NE(bytes, MAP_FAILED);
    w.close();
    ASSERT_TRUE(logged("event=inbox.left name=mapped.csv reason=open")) << d->log();
    std::copy(text.begin(), text.end(), static_cast<char*>(bytes));
    ::munmap(bytes, text.size());
    EXPECT_EQ(count(files(1)[0], "confirmed"), 1u);
}

// Space is allocated first; parts that are not yet written are NUL bytes.
TEST_F(Arrival, RoomThatIsSetAsideIsNotRead) {
    start();
    writer w = create("room.csv");
    ASSERT_EQ(::fallocate(w.fd(), 0, 0, 8'192), 0);
    w.write("email\nann@example.com\n");
    ASSERT_TRUE(logged("event=inbox.left name=room.csv reason=open")) << d->log();
    w.write("bob@example.com\n");
    ASSERT_EQ(::ftruncate(w.fd(), 38), 0);
    w.close();
    EXPECT_EQ(count(files(1)[0], "confirmed"), 2u);
}

// With a temporary name, a link, a rename, or one write: each gives one file with the same rows.
TEST_F(Arrival, ProgramsThatEndWellAreAllRead) {
    start();
    const std::string text = "email\nann@example.com\nbob@example.com\n";
    { create("plain.csv").write(text); }
    { create("no-line-end.csv").write("email,status\nann@example.com,subscribed\nbob@example.com,subscribed"); }
    { create(".rsync.csv.Ab3dEf").write(text); }
    fs::rename(inbox(".rsync.csv.Ab3dEf"), inbox("rsync.csv"));
    { create("sftp.csv.filepart").write(text); }
    fs::create_hard_link(inbox("sftp.csv.filepart"), inbox("sftp.csv"));
    fs::remove(inbox("sftp.csv.filepart"));
    { create("packed.csv.gz").write(intake::gzip(text)); }
    {
        writer again = create("rewritten.csv");
        again.write("something else");
        ASSERT_EQ(::ftruncate(again.fd(), 0), 0);
        ASSERT_EQ(::lseek(again.fd(), 0, SEEK_SET), 0);
        again.write(text);
    }
    for (const auto& file : files(6)) EXPECT_EQ(count(file, "rows"), 2u) << file.at("name");
    EXPECT_EQ(state("bob@example.com"), "SUBSCRIBED");
    EXPECT_EQ(state("bob@example.co"), "");
}

// The writer was killed in the middle of a line: the file ends at the end of its buffer.
TEST_F(Arrival, AWriterThatDiesSubscribesNobodyByHalfALine) {
    start();
    std::string text = "email\n";
    while (text.size() + 60 < 1'024) text += "p" + std::to_string(text.size()) + "@example.com\n";
    const std::string stranger = std::string(1'024 - text.size() - 11, 'b') + "@example.co";
    text += stranger;
    ASSERT_EQ(text.size(), 1'024u);
    const pid_t child = ::fork();
    if (child == 0) {
        const int fd = ::open(inbox("killed.csv").c_str(), O_WRONLY | O_CREAT, 0600);
        if (::write(fd, text.data(), text.size()) == 1'024) ::raise(SIGKILL);
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const auto file = files(1)[0];
    EXPECT_EQ(count(file, "invalid"), 1u);
    EXPECT_EQ(count(file, "confirmed"), count(file, "rows") - 1);
    EXPECT_EQ(file.at("malformed").at("count").to_number<int>(), 1);
    EXPECT_EQ(state(stranger), "");
    EXPECT_EQ(d->report("failed.csv").find(stranger), std::string::npos) << "half a line is not to be dropped again";
}

TEST_F(Arrival, WhatIsAddedAfterwardsIsReadOn) {
    start("\"defaults\": { \"subscriptionId\": 7 }");
    d->drop("a.csv", "email,status\nann@example.com,subscribed\n");
    files(1);
    { writer(done("00000001-a.csv"), O_WRONLY | O_APPEND).write("bob@example.com,unsubscribed\n"); }
    const auto both = files(2);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(count(both[1], "rows"), 1u);
    EXPECT_EQ(both[1].at("continues"), "00000001");
    EXPECT_EQ(state("bob@example.com"), "UNSUBSCRIBED");
    EXPECT_TRUE(logged("level=warn event=file.grew file=00000001 continues_as=00000002") ||
                logged("event=file.grew file=00000001 continues_as=00000002"))
        << d->log();
    // Again, after a restart, under the new name of the file.
    const std::string second = done("00000002-a.csv");
    EXPECT_EQ(d->stop(), 0);
    { writer(second, O_WRONLY | O_APPEND).write("eve@example.com,unsubscribed\n"); }
    d->start();
    EXPECT_EQ(files(3)[2].at("continues"), "00000002");
    EXPECT_EQ(state("eve@example.com"), "UNSUBSCRIBED");
}

TEST_F(Arrival, OtherContentAfterwardsIsReadAsAFileOfItsOwn) {
    start();
    d->drop("a.csv", "email\nann@example.com\n");
    files(1);
    { writer(done("00000001-a.csv"), O_WRONLY | O_TRUNC).write("email\nbob@example.com\neve@example.com\n"); }
    EXPECT_EQ(count(files(2)[1], "confirmed"), 2u);
    EXPECT_TRUE(logged("event=file.rewritten file=00000001 continues_as=00000002")) << d->log();
}

TEST_F(Arrival, AnOptOutStandsWhereverItIsInItsFile) {
    start("");
    d->drop("a.csv", std::string(header) +
                         "ann@example.com,7,unsubscribed\nbob@example.com,7,subscribed\nAnn@example.com,7,subscribed\n"
                         "bob@example.com,7,unsubscribed\neve@example.com,7,subscribed\n");
    const auto file = files(1)[0];
    EXPECT_EQ(count(file, "confirmed"), 3u);
    EXPECT_EQ(count(file, "superseded"), 2u);
    EXPECT_EQ(file.at("reasons").at(0).at("category"), "contradiction");
    EXPECT_EQ(state("ann@example.com"), "UNSUBSCRIBED");
    EXPECT_EQ(state("bob@example.com"), "UNSUBSCRIBED");
    EXPECT_EQ(state("eve@example.com"), "SUBSCRIBED");
    EXPECT_TRUE(logged("event=file.contradictions file=00000001 rows=2")) << d->log();
    EXPECT_EQ(d->report("failed.csv"), "") << "what gave way is not to be dropped again";
}

TEST_F(Arrival, TheLastRowStandsWhereTheRulesSaySo) {
    start(R"("rules": { "contradictions": "last" })");
    d->drop("a.csv", std::string(header) + "ann@example.com,7,unsubscribed\nann@example.com,7,subscribed\n");
    files(1);
    EXPECT_EQ(state("ann@example.com"), "SUBSCRIBED");
}

// The files of a night, found at the start: ordered by time, and files of the same time by number.
TEST_F(Arrival, FilesOfOneMomentAgreeOnTheOptOutAndOlderOnesComeFirst) {
    start("");
    EXPECT_EQ(d->stop(), 0);
    const auto put = [&](const std::string& name, const std::string& row, std::int64_t modified) {
        { create(name).write(header + row); }
        const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = modified, .tv_nsec = 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, inbox(name).c_str(), times, 0), 0);
    };
    put("changes-10.csv", "ann@example.com,7,unsubscribed\n", 1'790'000'000);
    put("changes-2.csv", "ann@example.com,7,subscribed\n", 1'790'000'000);
    put("changes-3.csv", "eve@example.com,7,subscribed\n", 1'790'000'000);
    put("monday.csv", "bob@example.com,7,unsubscribed\n", 1'700'000'000);
    put("friday.csv", "bob@example.com,7,subscribed\n", 1'700'400'000);
    d->start();
    const auto all = files(5);
    std::map<std::string, std::string> ids;
    for (const auto& file : all) ids[std::string(file.at("name").as_string())] = file.at("file_id").as_string();
    EXPECT_EQ(ids["monday.csv"], "00000001");
    EXPECT_EQ(ids["friday.csv"], "00000002");
    EXPECT_EQ(ids["changes-2.csv"], "00000003");
    EXPECT_EQ(ids["changes-3.csv"], "00000004");
    EXPECT_EQ(ids["changes-10.csv"], "00000005");
    EXPECT_EQ(state("ann@example.com"), "UNSUBSCRIBED");
    EXPECT_EQ(state("bob@example.com"), "SUBSCRIBED") << "the times say which came last";
}

TEST_F(Arrival, CheckCountsOppositeRows) {
    start("");
    std::ofstream(d->file("a.csv")) << header
                                    << "ann@example.com,7,unsubscribed\nann@example.com,7,subscribed\n"
                                       "bob@example.com,7,subscribed\nbob@example.com,7,unsubscribed\n";
    const auto said = d->command("check", {d->file("a.csv")});
    EXPECT_THAT(said.out, HasSubstr(" and 2 rows would be superseded (rules.contradictions)"));
    EXPECT_THAT(said.out, HasSubstr("would be sent: 2 (opt-outs 2)"));
}

}  // namespace
}  // namespace consent_sync::integration
