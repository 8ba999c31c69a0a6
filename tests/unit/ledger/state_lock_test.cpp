#include "ledger/state_lock.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "unit/base/temp_folder.hpp"

namespace consent_sync::ledger {
namespace {

using testing::HasSubstr;

TEST(StateLock, KeepsASecondOneOutAndNamesTheProcess) {
    const base::temp_folder folder;
    auto first = state_lock::take(folder.path());
    ASSERT_TRUE(first) << first.error().message;
    const auto second = state_lock::take(folder.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, base::errc::busy);
    EXPECT_THAT(second.error().message, HasSubstr("(process " + std::to_string(::getpid()) + ")"));
}

TEST(StateLock, HoldsWhenItsFileIsRemovedOrReplaced) {
    const base::temp_folder folder;
    const std::string path = folder.path() + "/lock";
    auto first = state_lock::take(folder.path());
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_EQ(::unlink(path.c_str()), 0);
    EXPECT_FALSE(state_lock::take(folder.path()));
    EXPECT_NE(::access(path.c_str(), F_OK), 0);  // one that is turned away leaves nothing behind
    const base::unique_fd other(::open(path.c_str(), O_RDWR | O_CREAT, 0640));
    ASSERT_TRUE(other);
    EXPECT_FALSE(state_lock::take(folder.path()));
}

// As a daemon of an older version, which locks the file alone.
TEST(StateLock, RespectsWhoLocksTheFileAlone) {
    const base::temp_folder folder;
    const base::unique_fd older(::open((folder.path() + "/lock").c_str(), O_RDWR | O_CREAT, 0640));
    ASSERT_EQ(::flock(older.get(), LOCK_EX | LOCK_NB), 0);
    EXPECT_FALSE(state_lock::take(folder.path()));
}

// Whoever may read the folder can lock it. A daemon of this folder runs as its owner or as root.
TEST(StateLock, IsNotKeptByALockOfAnotherUserOnTheFolder) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs another user";
    const base::temp_folder folder;
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    int told[2] = {-1, -1};
    ASSERT_EQ(::pipe2(told, O_CLOEXEC), 0);
    const pid_t other = ::fork();
    if (other == 0) {
        const int fd = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY);
        const bool good = ::setgid(65'534) == 0 && ::setuid(65'534) == 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (::write(told[1], good ? "y" : "n", 1) != 1) ::_exit(1);
        while (true) ::pause();
    }
    char word = 'n';
    EXPECT_EQ(::read(told[0], &word, 1), 1);
    EXPECT_EQ(word, 'y');
    auto taken = state_lock::take(folder.path());
    EXPECT_TRUE(taken) << taken.error().message;
    EXPECT_FALSE(state_lock::take(folder.path())) << "the file is locked as before";
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
    ::close(told[0]);
    ::close(told[1]);
}

TEST(StateLock, IsFreeAgainAfterItsEnd) {
    const base::temp_folder folder;
    { ASSERT_TRUE(state_lock::take(folder.path())); }
    EXPECT_TRUE(state_lock::take(folder.path()));
}

}  // namespace
}  // namespace consent_sync::ledger
