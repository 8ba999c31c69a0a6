#include "async/event.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "async/task_group.hpp"

namespace consent_sync::async {
namespace {

boost::asio::awaitable<void> count_events(event& e, int& seen) {
    while (true) {
        co_await e.wait();
        ++seen;
    }
}

TEST(Event, WakesItsWaiterOnceForEachTurn) {
    boost::asio::io_context io;
    event e(io.get_executor());
    int seen = 0;
    bool failed = false;
    task_group tasks(io.get_executor(), [&](auto, auto) { failed = true; });
    e.notify();  // before anybody waits
    tasks.spawn("count", count_events(e, seen));
    io.poll();
    EXPECT_EQ(seen, 1);
    e.notify();
    e.notify();
    io.poll();
    EXPECT_EQ(seen, 2);
    io.poll();
    EXPECT_EQ(seen, 2);
    tasks.cancel();
    io.poll();
    EXPECT_EQ(tasks.size(), 0u);
    EXPECT_FALSE(failed);
}

}  // namespace
}  // namespace consent_sync::async
