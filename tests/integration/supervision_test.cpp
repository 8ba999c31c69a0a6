// The messages that the real daemon sends to systemd, and their order.
#include <gtest/gtest.h>
#include <signal.h>

#include "integration/daemon_under_test.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/observe/notify_socket.hpp"

namespace consent_sync::integration {
namespace {

TEST(Supervision, TellsSystemdOfStartWorkReloadAndStop) {
    const base::temp_folder folder;
    observe::notify_socket systemd(folder / "notify");
    ::setenv("WATCHDOG_USEC", "400000", 1);
    daemon_under_test d;
    d.start();
    ::unsetenv("WATCHDOG_USEC");
    ASSERT_TRUE(d.wait([&] { return systemd.has("READY=1\nSTATUS="); }));
    EXPECT_TRUE(d.wait([&] { return systemd.has("WATCHDOG=1"); }));

    const std::size_t reload = systemd.size();
    d.reload();
    ASSERT_TRUE(d.wait([&] { return systemd.has("READY=1", reload); }));
    EXPECT_TRUE(systemd.has("RELOADING=1\nMONOTONIC_USEC=", reload));

    const std::size_t stop = systemd.size();
    EXPECT_EQ(d.stop(), 0);
    ASSERT_TRUE(systemd.has("STOPPING=1", stop));
    EXPECT_TRUE(systemd.has("EXTEND_TIMEOUT_USEC=50000000", stop));  // stop_grace and the steps after it
    EXPECT_FALSE(systemd.has("READY=1", stop));
}

TEST(Supervision, AFrozenDaemonFeedsNoWatchdog) {
    const base::temp_folder folder;
    observe::notify_socket systemd(folder / "notify");
    ::setenv("WATCHDOG_USEC", "200000", 1);
    daemon_under_test d;
    d.start();
    ::unsetenv("WATCHDOG_USEC");
    ASSERT_TRUE(d.wait([&] { return systemd.has("WATCHDOG=1"); }));
    d.signal(SIGSTOP);
    systemd.read();
    const std::size_t before = systemd.read(100).size();  // what was under way
    EXPECT_EQ(systemd.read(1'000).size(), before);
    d.signal(SIGCONT);
    EXPECT_TRUE(d.wait([&] { return systemd.has("WATCHDOG=1", before); }));
    EXPECT_EQ(d.stop(), 0);
}

TEST(Supervision, ASecondSignalEndsTheGraceAtOnce) {
    hubspot_sim::options o;
    o.latency = 15s;
    daemon_under_test d(std::move(o));
    d.start();
    d.drop("a.csv", "email,subscription_id,status\nann@example.com,7,subscribed\n");
    ASSERT_TRUE(d.wait([&] { return d.hubspot().counters().in_flight > 0; }));
    d.signal(SIGTERM);
    ASSERT_TRUE(d.wait([&] { return d.log().find("event=daemon.stopping") != std::string::npos; }));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(d.stop(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 8s);
    EXPECT_NE(d.log().find("event=daemon.requests_cut"), std::string::npos);
}

}  // namespace
}  // namespace consent_sync::integration
