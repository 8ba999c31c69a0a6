#include "observe/notify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "unit/base/temp_folder.hpp"
#include "unit/observe/notify_socket.hpp"

namespace consent_sync::observe {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

TEST(Notify, SpeaksTheProtocolOfSystemd) {
    const base::temp_folder folder;
    notify_socket systemd(folder / "notify");
    notify_ready("idle");
    notify_status("1 file");
    notify_reloading();
    notify_extend_timeout(base::milliseconds(1'500));
    notify_alive();
    notify_stopping("bye");
    EXPECT_THAT(systemd.read(),
                ElementsAre("READY=1\nSTATUS=idle", "STATUS=1 file",
                            MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+\nSTATUS=reading the configuration again"),
                            "EXTEND_TIMEOUT_USEC=1500000", "WATCHDOG=1", "STOPPING=1\nSTATUS=bye"));
}

TEST(Notify, WithoutASocketSaysNothing) {
    ::unsetenv("NOTIFY_SOCKET");
    notify_ready("idle");
    EXPECT_EQ(watchdog_interval(), std::nullopt);
}

TEST(Notify, KnowsTheIntervalOfItsOwnWatchdogOnly) {
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT_EQ(watchdog_interval(), base::milliseconds(30'000));
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(watchdog_interval(), std::nullopt);
    ::unsetenv("WATCHDOG_PID");
    ::unsetenv("WATCHDOG_USEC");
}

const base::steady_time now{1'000s};

TEST(ProgressWatch, IsContentWhenNothingIsDue) {
    const progress_watch w(60s);
    EXPECT_TRUE(w.moves(std::nullopt, now));
    EXPECT_TRUE(w.moves(now + 1h, now));
    EXPECT_TRUE(w.moves(now - 29s, now));
}

TEST(ProgressWatch, SeesAWakeUpThatWasLost) {
    const progress_watch w(60s);
    EXPECT_FALSE(w.moves(now - 30s, now));
}

TEST(ProgressWatch, AsksOftenEnoughThatOneMissedTurnDoesNoHarm) { EXPECT_LE(progress_watch(60s).ask_every() * 2, 30s); }

}  // namespace
}  // namespace consent_sync::observe
