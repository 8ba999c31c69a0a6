#include "base/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "unit/base/synced_files.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(UniqueFd, ClosesOnce) {
    int raw = -1;
    {
        unique_fd a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        raw = a.get();
        unique_fd b(std::move(a));
        EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): a moved-from object is empty by contract
        EXPECT_EQ(b.get(), raw);
        EXPECT_NE(::fcntl(raw, F_GETFD), -1);
    }
    EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

TEST(WriteFile, LeavesExactlyTheFileWithItsMode) {
    const temp_folder dir;
    const mode_t before = ::umask(077);
    const auto written = write_file_atomically(dir.path(), "report.json", "{}\n", 0640);
    ::umask(before);
    ASSERT_TRUE(written.has_value()) << written.error().message;
    EXPECT_EQ(dir.read("report.json"), "{}\n");
    struct stat status {};
    ASSERT_EQ(::stat((dir / "report.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0640U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

// The name must not be on disk before the content.
TEST(WriteFile, SyncsTheContentUnderItsTemporaryNameAndThenTheFolder) {
    const temp_folder dir;
    const std::string folder = std::filesystem::canonical(dir.path());
    const synced_files synced;
    ASSERT_TRUE(write_file_atomically(dir.path(), "x", "new", 0600).has_value());
    EXPECT_THAT(synced.paths(), ElementsAre(folder + "/.x.tmp", folder));
    ASSERT_TRUE(write_file_atomically(dir.path(), "y", "new", 0600, folder_sync::later).has_value());
    EXPECT_THAT(synced.paths(), ElementsAre(folder + "/.x.tmp", folder, folder + "/.y.tmp"));
}

TEST(WriteFile, ReplacesTheOldFileAndALeftoverOfACrash) {
    const temp_folder dir;
    dir.write("x", "old");
    dir.write(".x.tmp", "half written");
    ASSERT_TRUE(write_file_atomically(dir.path(), "x", "new", 0600, folder_sync::later).has_value());
    EXPECT_EQ(dir.read("x"), "new");
    EXPECT_FALSE(dir.holds(".x.tmp"));
}

TEST(WriteFile, DoesNotFollowALinkInPlaceOfTheTemporaryFile) {
    const temp_folder dir;
    dir.write("victim", "untouched");
    ASSERT_EQ(::symlink("victim", (dir / ".x.tmp").c_str()), 0);
    ASSERT_TRUE(write_file_atomically(dir.path(), "x", "new", 0600).has_value());
    EXPECT_EQ(dir.read("victim"), "untouched");
}

TEST(WriteFile, AcceptsTheLongestNames) {
    const temp_folder dir;
    const std::string longest(255, 'n');
    ASSERT_TRUE(write_file_atomically(dir.path(), longest, "x", 0600).has_value());
    EXPECT_EQ(dir.read(longest), "x");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(WriteFile, NamesTheFailureAndLeavesNothingBehind) {
    const temp_folder dir;
    const auto no_folder = write_file_atomically(dir / "none", "x", "y", 0600);
    ASSERT_TRUE(no_folder.has_error());
    EXPECT_EQ(no_folder.error().code, errc::not_found);
    EXPECT_EQ(no_folder.error().message, "cannot open the folder " + (dir / "none") + ": No such file or directory");
    std::filesystem::create_directory(dir / "taken");
    const auto is_folder = write_file_atomically(dir.path(), "taken", "y", 0600);
    ASSERT_TRUE(is_folder.has_error());
    EXPECT_THAT(is_folder.error().message, HasSubstr("Is a directory"));
    EXPECT_FALSE(dir.holds(".taken.tmp"));
}

TEST(WriteFile, ReportsAFullDisk) {
    EXPECT_EQ(system_error("write", "/x", ENOSPC).code, errc::no_space);
    EXPECT_EQ(system_error("write", "/x", EDQUOT).code, errc::no_space);
    EXPECT_EQ(system_error("write", "/x", EIO).code, errc::io);
    EXPECT_EQ(system_error("write", "/x", EIO).message,
              "cannot write /x: Input/output error; check the disk and the kernel's log");
}

TEST(ReadSmallFile, ReadsUpToItsBound) {
    const temp_folder dir;
    dir.write("x", "12345");
    EXPECT_EQ(*read_small_file(dir / "x", 5), "12345");
    EXPECT_EQ(*read_small_file(dir / "x", 100), "12345");
    const auto larger = read_small_file(dir / "x", 4);
    ASSERT_TRUE(larger.has_error());
    EXPECT_EQ(larger.error().code, errc::invalid_input);
    EXPECT_THAT(larger.error().message, HasSubstr("larger than the allowed 4 bytes"));
    dir.write("empty", "");
    EXPECT_EQ(*read_small_file(dir / "empty", 0), "");
}

TEST(ReadSmallFile, RefusesAnythingButARegularFile) {
    const temp_folder dir;
    ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
    EXPECT_THAT(read_small_file(dir / "pipe", 10).error().message, HasSubstr("not a regular file"));
    EXPECT_THAT(read_small_file(dir.path(), 10).error().message, HasSubstr("not a regular file"));
    EXPECT_EQ(read_small_file(dir / "none", 10).error().code, errc::not_found);
}

TEST(SyncFolder, NeedsAFolder) {
    const temp_folder dir;
    EXPECT_TRUE(sync_folder(dir.path()).has_value());
    dir.write("x", "");
    EXPECT_TRUE(sync_folder(dir / "x").has_error());
}

TEST(JoinPath, AddsOneSlash) {
    EXPECT_EQ(join_path("/a", "b"), "/a/b");
    EXPECT_EQ(join_path("/a/", "b"), "/a/b");
    EXPECT_EQ(join_path("/", "b"), "/b");
    EXPECT_EQ(join_path("", "b"), "b");
}

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(RealFolder, RefusesALinkAtTheEndOfThePath) {
    const temp_folder f;
    fs::create_directory(f / "real");
    fs::create_directory(f / "real/inner");
    fs::create_directory_symlink(f / "real", f / "link");
    fs::create_directory_symlink(f / "nothing", f / "dangling");
    EXPECT_TRUE(open_real_folder(f / "real"));
    EXPECT_TRUE(open_real_folder(f / "link/inner"));
    for (const char* name : {"link", "dangling"}) {
        const auto opened = open_real_folder(f / name);
        ASSERT_FALSE(opened) << name;
        EXPECT_EQ(opened.error().code, errc::io);
        EXPECT_THAT(opened.error().message, HasSubstr("is a link in place of a folder"));
    }
    EXPECT_EQ(open_real_folder(f / "missing").error().code, errc::not_found);
}

TEST(RealFolder, APathInItStaysValidWhenItIsRenamed) {
    const temp_folder f;
    fs::create_directory(f / "folder");
    f.write("folder/name", "ours");
    const auto open = open_real_folder(f / "folder");
    ASSERT_TRUE(open);
    const std::string path = path_in(open->get(), f / "folder", "name");
    EXPECT_EQ(shown_path(path), f / "folder/name");
    fs::rename(f / "folder", f / "away");
    fs::create_directory(f / "other");
    f.write("other/name", "theirs");
    fs::create_directory_symlink(f / "other", f / "folder");
    EXPECT_EQ(*read_small_file(path, 64), "ours");
    EXPECT_EQ(shown_path(path), f / "away/name");
    EXPECT_EQ(shown_path("/plain/path"), "/plain/path");
}

}  // namespace
}  // namespace consent_sync::base
