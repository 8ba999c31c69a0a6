// Files that are written to after they were read: real files, times as the test says.
#include "service/pipeline/grown_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "intake/arrival/claim.hpp"
#include "intake/sources.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::service {
namespace {

using namespace std::chrono_literals;
using kind = what_changed::kind;

class GrownFiles : public testing::Test {
  protected:
    GrownFiles() {
        for (const char* each : {"processing", "done", "refused"}) std::filesystem::create_directory(folder / each);
        folders.processing = base::unique_fd(*base::open_folder(folder / "processing"));
        folders.done = base::unique_fd(*base::open_folder(folder / "done"));
        folders.refused = base::unique_fd(*base::open_folder(folder / "refused"));
    }
    // A file that was read to its end and is done.
    ledger::file_record done(const std::string& text, std::uint64_t open_row = 0) {
        ledger::file_record file;
        file.arrival = 1;
        file.name = "a.csv";
        file.stored_name = "00000001.csv";
        file.state = ledger::file_state::done;
        folder.write(in_done, text);
        struct stat found {};
        EXPECT_EQ(::stat((folder / in_done).c_str(), &found), 0);
        file.size = static_cast<std::uint64_t>(found.st_size);
        file.modified_ns = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
        file.sha256 = *intake::hash_file(intake::open_for_reading(folder / in_done)->get());
        file.read_offset = file.size;
        file.open_row = open_row;
        return file;
    }
    void append(const std::string& text) { std::ofstream(folder / in_done, std::ios::binary | std::ios::app) << text; }
    void touch(std::int64_t seconds) {
        const timespec times[] = {{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, (folder / in_done).c_str(), times, 0), 0);
    }
    what_changed look(const ledger::file_record& file) {
        const auto changed = find_changed({file}, folders);
        if (changed.empty()) return {};
        const auto found = compare_content(changed[0], folders, stop);
        EXPECT_TRUE(found) << found.error().message;
        return found ? *found : what_changed{};
    }

    static constexpr const char* in_done = "done/00000001-a.csv";
    base::temp_folder folder;
    intake::work_folders folders;
    std::atomic<bool> stop = false;
};

TEST_F(GrownFiles, WhatIsAsItWasIsNotLookedInto) {
    EXPECT_TRUE(find_changed({done("email\nann@x.org\n")}, folders).empty());
}

TEST_F(GrownFiles, TellsWhatBecameOfTheContent) {
    const auto file = done("email\nann@x.org\n");
    touch(1'000'000'000);
    EXPECT_EQ(look(file).what, kind::nothing);
    append("bob@x.org\n");
    EXPECT_EQ(look(file).what, kind::appended);
    EXPECT_EQ(look(file).from, file.size);
    folder.write(in_done, "email\neve@x.org\n");
    touch(1'000'000'001);
    EXPECT_EQ(look(file).what, kind::rewritten);
    folder.write(in_done, "email\n");
    EXPECT_EQ(look(file).what, kind::rewritten);
    folder.write(in_done, "");
    EXPECT_EQ(look(file).what, kind::removed);
}

TEST_F(GrownFiles, ALastLineThatWentOnIsReadAgain) {
    const std::string text = "email\nann@x.org\nbob@x.or";
    const auto file = done(text, 16);
    append("g\n");
    EXPECT_EQ(look(file).from, 16u);
}

TEST_F(GrownFiles, ALastLineThatWasWholeIsNot) {
    const std::string text = "email\nann@x.org\nbob@x.org";
    const auto file = done(text, 16);
    append("\neve@x.org\n");
    EXPECT_EQ(look(file).from, text.size());
}

TEST_F(GrownFiles, TheNextPartIsASecondNameOfTheFile) {
    const auto file = done("email\nann@x.org\n");
    ledger::file_record next;
    next.arrival = 2;
    next.stored_name = "00000002.csv";
    for (int twice = 0; twice < 2; ++twice) ASSERT_TRUE(continue_in_processing(file, next, folders));
    EXPECT_TRUE(std::filesystem::equivalent(folder / in_done, folder / "processing/00000002.csv"));
    std::filesystem::remove(folder / in_done);
    std::filesystem::remove(folder / "processing/00000002.csv");
    EXPECT_EQ(continue_in_processing(file, next, folders).error().code, base::errc::not_found);
}

TEST_F(GrownFiles, AChangeIsDueWhenItIsStillOrHasGoneOnForLong) {
    const auto file = done("email\nann@x.org\n");
    grown_files grown;
    const base::steady_time start(100s);
    const auto due = [&](std::uint64_t size, base::milliseconds at) {
        return grown.due({changed_file{file, {size, 1}}}, start + at, 2s).size();
    };
    EXPECT_EQ(due(20, 0ms), 0u);
    EXPECT_TRUE(grown.any_waits());
    EXPECT_EQ(due(21, 1'900ms), 0u);
    EXPECT_EQ(due(21, 3'899ms), 0u);
    EXPECT_EQ(due(21, 3'900ms), 1u);
    grown.settled(changed_file{file, {21, 1}});
    EXPECT_FALSE(grown.any_waits());
    EXPECT_EQ(due(21, 9s), 0u) << "it is told once";
    for (int i = 0; i < 10; ++i) EXPECT_EQ(due(static_cast<std::uint64_t>(30 + i), 10s + i * 1'990ms), 0u);
    EXPECT_EQ(due(99, 30s), 1u) << "it never stands still";
    EXPECT_TRUE(grown.due({}, start + 31s, 2s).empty());
    EXPECT_FALSE(grown.any_waits());
}

}  // namespace
}  // namespace consent_sync::service
