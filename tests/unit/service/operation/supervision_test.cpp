#include "service/operation/supervision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/log.hpp"
#include "ledger/store.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/observe/notify_socket.hpp"

namespace consent_sync::service {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct supervised final : supervision::subject {
    observe::status_facts facts() override { return told; }
    bool facts_are_fresh() const override { return fresh; }
    boost::asio::awaitable<void> refresh() override {
        fresh = true;
        told = newer;
        co_return;
    }
    std::optional<base::steady_time> due() override { return next; }

    observe::status_facts told, newer;
    bool fresh = true;
    std::optional<base::steady_time> next;
};

class Supervision : public testing::Test {
  protected:
    Supervision() { ::setenv("WATCHDOG_USEC", "80000", 1); }
    ~Supervision() override { ::unsetenv("WATCHDOG_USEC"); }

    base::temp_folder folder;
    observe::notify_socket systemd{folder / "notify"};
    base::log_capture log;
    base::system_clock clock;
    boost::asio::io_context io;
    supervised daemon;
    observe::status_facts& facts = daemon.told;
    std::optional<base::steady_time>& due = daemon.next;
};

TEST_F(Supervision, FeedsTheWatchdogWhileTheThreadTurns) {
    supervision s(io.get_executor(), clock, daemon);
    s.ready();
    EXPECT_TRUE(systemd.has("READY=1\nSTATUS=idle"));
    const std::size_t before = systemd.size();
    io.run_for(200ms);
    EXPECT_TRUE(systemd.has("WATCHDOG=1", before));
    EXPECT_THAT(log.text(), Not(HasSubstr("daemon.stalled")));
}

TEST_F(Supervision, ATurningThreadWhoseWorkIsOverdueStarvesTheWatchdog) {
    supervision s(io.get_executor(), clock, daemon);
    due = clock.now().steady - 1s;
    s.ready();
    io.run_for(200ms);
    EXPECT_FALSE(systemd.has("WATCHDOG=1"));
    EXPECT_THAT(log.text(), HasSubstr("ERROR event=daemon.stalled"));
    due.reset();  // it moves again
    io.run_for(200ms);
    EXPECT_TRUE(systemd.has("WATCHDOG=1"));
}

TEST_F(Supervision, AStopIsNotOverdue) {
    supervision s(io.get_executor(), clock, daemon);
    s.ready();
    s.stopping(20s);
    due = clock.now().steady - 1s;
    const std::size_t before = systemd.size();
    io.run_for(200ms);
    EXPECT_TRUE(systemd.has("WATCHDOG=1", before));
    s.ended();
    io.restart();
    io.run();  // nothing keeps the loop
}

TEST_F(Supervision, WhatHasChangedIsToldAtOnceAndNotWithinTheCall) {
    supervision s(io.get_executor(), clock, daemon);
    s.changed();  // nothing is told before it is ready
    s.ready();
    const std::size_t before = systemd.size();
    facts.pause = "operator";
    s.changed();
    EXPECT_FALSE(systemd.has("STATUS=paused (operator)", before));
    io.run_for(20ms);
    EXPECT_TRUE(systemd.has("STATUS=paused (operator)", before));
}

TEST_F(Supervision, AReloadEndsWithReady) {
    facts.pause = "outage";
    supervision s(io.get_executor(), clock, daemon);
    s.reloading();
    s.reloaded();
    ASSERT_EQ(systemd.size(), 2u);
    EXPECT_TRUE(systemd.has("RELOADING=1"));
    EXPECT_TRUE(systemd.has("READY=1\nSTATUS=paused (outage)", 1));
}

TEST_F(Supervision, AStartThatMakesProgressIsGivenMoreTime) {
    auto opened = ledger::store::open(":memory:", extend_start(0ms));
    ASSERT_FALSE(opened.has_error());
    // Read between short steps: a notice waits while the socket's queue of ten or so is full.
    for (int step = 0; step < 1'000 && !systemd.has("EXTEND_TIMEOUT_USEC=60000000"); ++step) {
        std::vector<ledger::file_record> files(100);
        ASSERT_FALSE((*opened)->transact([&](ledger::store& s) { s.files().add(files); }).has_error());
    }
    EXPECT_TRUE(systemd.has("EXTEND_TIMEOUT_USEC=60000000"));
}

TEST_F(Supervision, OldFactsAreToldAndThenTheirNewerOnes) {
    supervision s(io.get_executor(), clock, daemon);
    daemon.fresh = false;
    daemon.newer.pause = "outage";
    s.ready();
    EXPECT_TRUE(systemd.has("READY=1\nSTATUS=idle"));
    const std::size_t before = systemd.size();
    io.run_for(50ms);
    EXPECT_TRUE(systemd.has("STATUS=paused (outage)", before));
}

}  // namespace
}  // namespace consent_sync::service
