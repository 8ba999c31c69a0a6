#include "intake/arrival/claim_folders.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/log.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::intake {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ClaimFolders : public testing::Test {
  protected:
    ClaimFolders() {
        settings.state_dir = dir / "srv/state";
        folders = config::derive_folders(settings);
    }
    static mode_t mode(const std::string& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 07777U;
    }

    base::temp_folder dir;
    base::log_capture log;
    config::settings settings;
    config::folders folders;
};

TEST_F(ClaimFolders, AreMadeWithTheirModesWhateverTheUmask) {
    const mode_t before = ::umask(0077);
    const auto made = ensure_folders(folders);
    ::umask(before);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_EQ(mode(folders.state), 0750U);
    EXPECT_EQ(mode(folders.inbox), 03770U) << "droppers may not remove each other's files";
    for (const auto* path : {&folders.processing, &folders.done, &folders.refused, &folders.reports}) {
        EXPECT_EQ(mode(*path), 0750U) << *path;
    }
    EXPECT_EQ(mode(dir / "srv"), 0755U);
    EXPECT_FALSE(fs::exists(folders.ledger));
    EXPECT_TRUE(ensure_folders(folders).has_value());
    EXPECT_EQ(log.text(), "");
}

TEST_F(ClaimFolders, KeepTheModeTheyHave) {
    fs::create_directories(folders.inbox);
    ASSERT_EQ(::chmod(folders.state.c_str(), 0700), 0);
    ASSERT_EQ(::chmod(folders.inbox.c_str(), 0733), 0);
    ASSERT_TRUE(ensure_folders(folders).has_value());
    EXPECT_EQ(mode(folders.state), 0700U);
    EXPECT_EQ(mode(folders.inbox), 0733U);
    EXPECT_EQ(log.text(), "");
}

TEST_F(ClaimFolders, AreNotForOthers) {
    for (const auto* path : {&folders.processing, &folders.done, &folders.refused, &folders.reports}) {
        ASSERT_TRUE(ensure_folders(folders).has_value());
        for (const mode_t open : {0751U, 0754U, 0752U, 0755U}) {
            ASSERT_EQ(::chmod(path->c_str(), open), 0);
            const auto checked = ensure_folders(folders);
            ASSERT_TRUE(checked.has_error()) << *path;
            EXPECT_THAT(checked.error().message, HasSubstr("run chmod o-rwx " + *path));
        }
        ASSERT_EQ(::chmod(path->c_str(), 0750), 0);
    }
}

TEST_F(ClaimFolders, OthersMayPassThroughTheStateFolderButNotLook) {
    ASSERT_TRUE(ensure_folders(folders).has_value());
    ASSERT_EQ(::chmod(folders.state.c_str(), 0751), 0);
    EXPECT_TRUE(ensure_folders(folders).has_value());
    for (const mode_t open : {0752U, 0754U, 0755U}) {
        ASSERT_EQ(::chmod(folders.state.c_str(), open), 0);
        EXPECT_TRUE(ensure_folders(folders).has_error());
    }
}

TEST_F(ClaimFolders, AnInboxThatOthersCanReadIsLogged) {
    ASSERT_TRUE(ensure_folders(folders).has_value());
    ASSERT_EQ(::chmod(folders.inbox.c_str(), 0777), 0);
    EXPECT_TRUE(ensure_folders(folders).has_value());
    EXPECT_THAT(log.text(), HasSubstr("WARN event=folder.world_readable path=\"" + folders.inbox + "\""));
}

TEST_F(ClaimFolders, SaysWhatIsInTheWay) {
    fs::create_directories(settings.state_dir);
    ASSERT_EQ(::chmod(settings.state_dir.c_str(), 0750), 0);
    dir.write("srv/state/done", "a file");
    const auto made = ensure_folders(folders);
    ASSERT_TRUE(made.has_error());
    EXPECT_THAT(made.error().message, HasSubstr("srv/state/done is not a folder: move it away"));
    dir.write("file", "");
    settings.state_dir = dir / "file/state";
    EXPECT_THAT(ensure_folders(config::derive_folders(settings)).error().message, HasSubstr("Not a directory"));
}

TEST_F(ClaimFolders, OpenForTheStepsOfAFile) {
    EXPECT_TRUE(open_work_folders(folders).has_error());
    ASSERT_TRUE(ensure_folders(folders).has_value());
    const auto open = open_work_folders(folders);
    ASSERT_TRUE(open.has_value());
    EXPECT_TRUE(open->processing && open->done && open->refused);
}

TEST_F(ClaimFolders, MovesBetweenThemAreTriedForReal) {
    ASSERT_TRUE(ensure_folders(folders).has_value());
    dir.write("srv/state/processing/.consent-sync-move-probe.tmp", "of a crash");
    EXPECT_TRUE(check_same_file_system(folders).has_value());
    for (const auto* path : {&folders.inbox, &folders.processing, &folders.done, &folders.refused}) {
        EXPECT_TRUE(fs::is_empty(*path)) << *path;
    }
}

// A folder on another file system than the test's; empty path: this machine has none.
class second_file_system {
  public:
    explicit second_file_system(const std::string& first) {
        struct stat here {
        }, there{};
        if (::stat(first.c_str(), &here) != 0 || ::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev) return;
        std::string made = "/dev/shm/consent sync test-XXXXXX";
        if (::mkdtemp(made.data()) != nullptr) path_ = made;
    }
    ~second_file_system() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    second_file_system(const second_file_system&) = delete;
    second_file_system& operator=(const second_file_system&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

TEST_F(ClaimFolders, TwoFileSystemsAreAnErrorWithAWayOut) {
    const second_file_system elsewhere(dir.path());
    if (elsewhere.path().empty()) GTEST_SKIP() << "this machine has no second file system at /dev/shm";
    ASSERT_TRUE(ensure_folders(folders).has_value());
    folders.refused = elsewhere.path();
    const auto checked = check_same_file_system(folders);
    EXPECT_TRUE(fs::is_empty(elsewhere.path()));
    ASSERT_TRUE(checked.has_error());
    EXPECT_THAT(checked.error().message, HasSubstr("Set inbox.work_dir to a folder on the inbox's file system"));
    EXPECT_TRUE(fs::is_empty(folders.inbox) && fs::is_empty(folders.done));
}

TEST_F(ClaimFolders, FollowTheInboxToAnotherMount) {
    const second_file_system elsewhere(dir.path());
    if (elsewhere.path().empty()) GTEST_SKIP() << "this machine has no second file system at /dev/shm";
    const std::string mount = dir / "mount";  // as a link: what is behind it can be exchanged without being root
    fs::create_directory(dir / "first");
    fs::create_symlink(dir / "first", mount);
    settings.inbox.dir = mount + "/inbox";
    settings.inbox.work_dir = mount + "/work";
    folders = config::derive_folders(settings);
    ASSERT_TRUE(ensure_folders(folders).has_value());
    const auto open = open_work_folders(folders);
    ASSERT_TRUE(open.has_value());
    auto inbox = base::open_folder(folders.inbox);
    ASSERT_TRUE(follow_inbox(inbox->get(), folders, *open).has_value());
    EXPECT_EQ(log.text().find("folders.reopened"), std::string::npos);

    fs::remove(mount);
    fs::create_symlink(elsewhere.path(), mount);
    fs::create_directory(folders.inbox);
    inbox = base::open_folder(folders.inbox);
    const int before = open->processing.get();
    const auto followed = follow_inbox(inbox->get(), folders, *open);
    ASSERT_TRUE(followed.has_value()) << followed.error().message;
    EXPECT_EQ(open->processing.get(), before);
    EXPECT_EQ(::mknodat(open->processing.get(), "a", S_IFREG | 0600, 0), 0);
    EXPECT_TRUE(fs::exists(elsewhere.path() + "/work/processing/a"));
    EXPECT_EQ(mode(folders.done), 0750U);
    EXPECT_THAT(log.text(), HasSubstr("folders.reopened"));

    // The inbox alone: then nothing can be moved out of it.
    fs::remove_all(folders.processing);
    fs::create_directory(dir / "first/inbox");
    inbox = base::open_folder(dir / "first/inbox");
    const auto apart = follow_inbox(inbox->get(), folders, *open);
    ASSERT_TRUE(apart.has_error());
    EXPECT_THAT(apart.error().message, HasSubstr("Set inbox.work_dir"));
}

}  // namespace
}  // namespace consent_sync::intake
