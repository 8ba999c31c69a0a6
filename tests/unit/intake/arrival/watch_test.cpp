// Real files, a real inotify, a settle time of some milliseconds; no waits but for the watch itself.
#include "intake/arrival/watch.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <filesystem>
#include <functional>

#include "base/log.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::intake {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class Watch : public testing::Test {
  protected:
    Watch() { make_watch({.inbox = inbox.path(), .rescan = 10min, .limits = {.settle = 5ms, .max_bytes = 1'000}}); }

    void make_watch(watch_options options) {
        watched.reset();
        watched.emplace(io.get_executor(), pool, clock, std::move(options));
    }

    // Files of one next(), after `meanwhile` was done while it waits.
    std::vector<arrived_file> next(const std::function<void()>& meanwhile = {}) {
        std::vector<arrived_file> files;
        bool ended = false;
        asio::co_spawn(io, watched->next(), [&](std::exception_ptr failure, std::vector<arrived_file> got) {
            EXPECT_FALSE(failure);
            files = std::move(got);
            ended = true;
        });
        if (meanwhile) {
            // Once the watch has listed the folder and waits, there is nothing more to run for it.
            while (io.poll() > 0 || watched->folder() < 0) io.run_one_for(20ms);
            io.run_one_for(20ms);
            meanwhile();
        }
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!ended && std::chrono::steady_clock::now() < deadline) io.run_one_for(1s);
        EXPECT_TRUE(ended) << "the watch gave nothing; it says " << log.text();
        return files;
    }
    std::vector<std::string> names(const std::function<void()>& meanwhile = {}) {
        std::vector<std::string> result;
        for (const arrived_file& file : next(meanwhile)) {
            result.push_back(file.name);
            fs::remove(inbox / file.name);  // as a claim would
        }
        return result;
    }
    void rename_in(const std::string& name, const std::string& bytes = "x") {
        outside.write("x", bytes);
        fs::rename(outside / "x", inbox / name);
    }

    base::temp_folder inbox;
    base::temp_folder outside;
    base::log_capture log;
    base::system_clock clock;
    asio::thread_pool pool{1};
    std::optional<watch> watched;
    asio::io_context io{1};
    // Without it the pool's thread may end the context between two waits, when it lets go of its last work
    // there.
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};

    ~Watch() override {
        pool.join();
        watched.reset();
    }
};

void set_mtime(const std::string& path, std::int64_t seconds) {
    const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

// A week of files, and some of one moment: their order of creation says nothing.
TEST_F(Watch, FindsWhatLiesThereByModificationTimeThenByNumber) {
    make_watch({.inbox = inbox.path(), .rescan = 10min, .limits = {.settle = 1s, .max_bytes = 1'000}});
    for (const char* name : {"changes-10.csv", "b.csv", "changes-9.csv", "a.csv", "changes-2.csv"})
        inbox.write(name, "x");
    for (const char* name : {"changes-10.csv", "changes-9.csv", "changes-2.csv"})
        set_mtime(inbox / name, 1'700'000'000);
    set_mtime(inbox / "changes-10.csv", 1'699'999'999);  // within the settle time: as old as the others
    set_mtime(inbox / "b.csv", 1'600'000'000);
    set_mtime(inbox / "a.csv", 1'650'000'000);
    EXPECT_THAT(names(), ElementsAre("b.csv", "a.csv", "changes-2.csv", "changes-9.csv", "changes-10.csv"));
}

// The settle time is some milliseconds: only the writer keeps it from being taken.
TEST_F(Watch, WhatSomebodyWritesIsTakenWhenItIsClosed) {
    base::unique_fd writer(::open((inbox / "x.csv").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(::write(writer.get(), "half", 4), 4);
    rename_in("other.csv");
    EXPECT_THAT(names(), ElementsAre("other.csv"));
    EXPECT_THAT(names([&] {
                    ASSERT_EQ(::write(writer.get(), " and half", 9), 9);
                    writer.reset();
                }),
                ElementsAre("x.csv"));
}

TEST_F(Watch, WhatIsRenamedInWhileItIsWrittenIsTakenWhenItIsClosed) {
    base::unique_fd writer(::open((outside / "x").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_THAT(names([&] {
                    fs::rename(outside / "x", inbox / "x.csv");
                    rename_in("other.csv");
                }),
                ElementsAre("other.csv"));
    const auto files = next([&] { writer.reset(); });
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].name, "x.csv");
    EXPECT_EQ(files[0].complete, completeness::renamed);
}

TEST_F(Watch, AnEmptyFileWaitsForItsContentAndIsToldOnce) {
    make_watch({.inbox = inbox.path(), .rescan = 20ms, .limits = {.settle = 2ms, .max_bytes = 1'000}});
    inbox.write("x.csv", "");
    EXPECT_THAT(names([&] {
                    for (int i = 0; i < 1'000 && log.text().find("reason=empty") == std::string::npos; ++i)
                        io.run_one_for(20ms);
                    inbox.write("x.csv", "x");
                }),
                ElementsAre("x.csv"));
    EXPECT_EQ(log.text().find("reason=empty"), log.text().rfind("reason=empty")) << log.text();
}

TEST_F(Watch, TakesARenamedFile) {
    EXPECT_THAT(names([&] { rename_in("x.csv"); }), ElementsAre("x.csv"));
}

// A settle time that would outlast the test: only a rename can be taken.
TEST_F(Watch, ARenamedFileNeedsNoStillness) {
    make_watch({.inbox = inbox.path(), .rescan = 10min, .limits = {.settle = 10min}});
    EXPECT_THAT(names([&] {
                    inbox.write("written.csv", "x");
                    rename_in("renamed.csv");
                }),
                ElementsAre("renamed.csv"));
    EXPECT_EQ(watched->waiting(), 1U);
}

TEST_F(Watch, TakesAWrittenFileWhenItIsStill) {
    EXPECT_THAT(names([&] { inbox.write("x.csv", "one,two"); }), ElementsAre("x.csv"));
}

// sftp-server renames by link() and unlink().
TEST_F(Watch, TakesALinkedFile) {
    EXPECT_THAT(names([&] {
                    inbox.write("x.csv.part", "one");
                    ASSERT_EQ(::link((inbox / "x.csv.part").c_str(), (inbox / "x.csv").c_str()), 0);
                    ASSERT_EQ(::unlink((inbox / "x.csv.part").c_str()), 0);
                }),
                ElementsAre("x.csv"));
}

TEST_F(Watch, TakesAnUnfinishedNameOnceItIsRenamed) {
    EXPECT_THAT(names([&] {
                    inbox.write("x.csv.part", "one");
                    fs::rename(inbox / "x.csv.part", inbox / "x.csv");
                }),
                ElementsAre("x.csv"));
    EXPECT_EQ(log.text(), "");
}

TEST_F(Watch, TakesEveryNameAsData) {
    const std::vector<std::string> hostile = {"-rf",      "a\nb", "\x1b[2J.csv",        "\xff\xfe",
                                              "a b;rm *", "..x",  std::string(255, 'n')};
    std::vector<std::string> got;
    const auto wanted = std::count_if(hostile.begin(), hostile.end(), [](const auto& n) { return !is_left_alone(n); });
    const auto first = names([&] {
        for (const std::string& name : hostile) rename_in(name);
    });
    got = first;
    while (got.size() < static_cast<std::size_t>(wanted)) {
        for (auto& name : names()) got.push_back(std::move(name));
    }
    EXPECT_THAT(got, ElementsAre("-rf", "a\nb", "\x1b[2J.csv", "\xff\xfe", "a b;rm *", std::string(255, 'n')));
}

TEST_F(Watch, LeavesWhatIsNoFileAndSaysSoOnce) {
    make_watch({.inbox = inbox.path(), .rescan = 2ms, .limits = {.settle = 1ms}});
    ASSERT_EQ(::mkfifo((inbox / "pipe").c_str(), 0666), 0);
    ASSERT_EQ(::symlink("/etc/passwd", (inbox / "link").c_str()), 0);
    fs::create_directory(inbox / "folder");
    const base::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (inbox / "sock").copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    for (const char* name : {"1.csv", "2.csv", "3.csv"}) {
        EXPECT_THAT(names([&] { rename_in(name); }), ElementsAre(name));
    }
    for (const char* line :
         {"event=inbox.left name=pipe reason=fifo", "event=inbox.left name=link reason=symlink",
          "event=inbox.left name=folder reason=folder", "event=inbox.left name=sock reason=socket"}) {
        const std::string text = log.text();
        const std::size_t at = text.find(line);
        ASSERT_NE(at, std::string::npos) << line << '\n' << text;
        EXPECT_EQ(text.find(line, at + 1), std::string::npos) << text;
    }
    EXPECT_TRUE(inbox.holds("pipe") && inbox.holds("link") && inbox.holds("folder") && inbox.holds("sock"));
}

TEST_F(Watch, GivesATooLargeFileForRefusal) {
    const auto files = next([&] { rename_in("ann@example.com.csv", std::string(1'001, 'x')); });
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].refused, inbox_reason::too_large);
    EXPECT_THAT(log.text(), HasSubstr("event=inbox.refused name=*** reason=too_large bytes=1001"));
    EXPECT_THAT(log.text(), Not(HasSubstr("ann")));
}

TEST_F(Watch, GivesAnUnclaimedFileAgain) {
    rename_in("x.csv");
    EXPECT_EQ(next().size(), 1U);
    watched->list_now();
    EXPECT_EQ(next().size(), 1U);
}

// The second time no event tells of the file: the periodic listing finds it.
TEST_F(Watch, FindsFilesByListingAlone) {
    make_watch({.inbox = inbox.path(), .rescan = 5ms, .limits = {.settle = 1ms}});
    rename_in("x.csv");
    EXPECT_EQ(next().size(), 1U);
    EXPECT_EQ(next().size(), 1U);
}

TEST_F(Watch, SurvivesAFolderThatVanishesAndComesBack) {
    base::temp_folder parent;
    const std::string path = parent / "inbox";
    fs::create_directory(path);
    make_watch({.inbox = path, .rescan = 5ms, .limits = {.settle = 1ms}});
    const auto files = next([&] {
        fs::rename(path, parent / "elsewhere");
        while (log.text().find("inbox.gone") == std::string::npos) io.run_one_for(1s);
        for (int i = 0; i < 20; ++i) io.run_one_for(10ms);
        outside.write("x", "x");
        fs::create_directory(path);
        fs::rename(outside / "x", path + "/x.csv");
    });
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].name, "x.csv");
    const std::string text = log.text();
    EXPECT_EQ(text.find("inbox.gone"), text.rfind("inbox.gone")) << text;
    EXPECT_EQ(text.find("inbox.back"), text.rfind("inbox.back")) << text;
    EXPECT_NE(text.find("inbox.back"), std::string::npos) << text;
}

TEST_F(Watch, NoticesThatAnotherFolderIsThere) {
    base::temp_folder parent;
    const std::string path = parent / "inbox";
    fs::create_directory(path);
    make_watch({.inbox = path, .rescan = 5ms, .limits = {.settle = 1ms}});
    const auto files = next([&] {
        fs::remove(path);
        fs::create_directory(path);
        std::ofstream(path + "/x.csv") << "x";
    });
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].name, "x.csv");
}

TEST_F(Watch, BeginsWithoutAFolder) {
    base::temp_folder parent;
    const std::string path = parent / "inbox";
    make_watch({.inbox = path, .rescan = 5ms, .limits = {.settle = 1ms}});
    asio::post(io, [&] {
        fs::create_directory(path);
        std::ofstream(path + "/x.csv") << "x";
    });
    EXPECT_EQ(next().size(), 1U);
}

// More files than names that are kept at once, and more than one batch: all of them come, once, in bounded
// memory.
TEST_F(Watch, TakesManyFilesInBatches) {
    constexpr std::size_t kept = watch::batch_max + 200;
    constexpr std::size_t count = kept + 500;
    make_watch({.inbox = inbox.path(), .rescan = 10min, .limits = {.settle = 1ms}, .candidates_max = kept});
    for (std::size_t i = 0; i < count; ++i) {
        const base::unique_fd fd(
            ::open((inbox / ("f" + std::to_string(i) + ".csv")).c_str(), O_WRONLY | O_CREAT, 0600));
        ASSERT_TRUE(fd);
        ASSERT_EQ(::write(fd.get(), "x\n", 2), 2);
    }
    std::size_t taken = 0;
    while (taken < count) {
        const auto files = next();
        ASSERT_FALSE(files.empty());
        EXPECT_LE(files.size(), watch::batch_max);
        EXPECT_LE(watched->waiting(), kept);
        for (const arrived_file& file : files) ASSERT_EQ(::unlinkat(watched->folder(), file.name.c_str(), 0), 0);
        taken += files.size();
    }
    EXPECT_EQ(taken, count);
}

TEST_F(Watch, ACancelledWaitThrowsAndLosesNothing) {
    asio::cancellation_signal stop;
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(io, watched->next(),
                   asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, std::vector<arrived_file>) {
                       failure = e;
                       ended = true;
                   }));
    while (watched->folder() < 0) io.run_one_for(1s);
    for (int i = 0; i < 5; ++i) io.run_one_for(20ms);
    stop.emit(asio::cancellation_type::terminal);
    while (!ended) io.run_one_for(1s);
    EXPECT_THROW(std::rethrow_exception(failure), boost::system::system_error);
    rename_in("x.csv");
    EXPECT_EQ(next().size(), 1U);
}

}  // namespace
}  // namespace consent_sync::intake
