#include "async/task_group.hpp"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>

#include "unit/async/run.hpp"

namespace consent_sync::async {
namespace {

namespace asio = boost::asio;
using steady = std::chrono::steady_clock;

class TaskGroup : public ::testing::Test {
  protected:
    static asio::awaitable<void> wait_for_ever() {
        asio::steady_timer timer(co_await asio::this_coro::executor, steady::time_point::max());
        co_await timer.async_wait(asio::use_awaitable);
    }
    static asio::awaitable<void> wait_on(asio::steady_timer& timer) {
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    static asio::awaitable<void> fail_with(std::string words) {
        throw std::runtime_error(words);
        co_return;
    }
    static asio::awaitable<void> abort_by_itself() {
        throw boost::system::system_error(asio::error::operation_aborted);
        co_return;
    }

    asio::io_context context{1};
    std::vector<std::string> failures;
    task_group tasks{context.get_executor(), [this](std::string_view name, const std::exception_ptr& failure) {
                         try {
                             std::rethrow_exception(failure);
                         } catch (const std::exception& e) {
                             failures.push_back(std::string(name) + ": " + e.what());
                         }
                     }};
};

TEST_F(TaskGroup, ReportsWhatATaskThrows) {
    tasks.spawn("a", fail_with("bug"));
    tasks.spawn("b", fail_with("other"));
    EXPECT_EQ(tasks.size(), 2u);
    context.run();
    EXPECT_EQ(failures, (std::vector<std::string>{"a: bug", "b: other"}));
    EXPECT_EQ(tasks.size(), 0u);
}

TEST_F(TaskGroup, AnAbortThatNobodyAskedForIsReported) {
    tasks.spawn("a", abort_by_itself());
    context.run();
    EXPECT_EQ(failures.size(), 1u);
}

TEST_F(TaskGroup, CancelEndsAllQuietly) {
    for (int i = 0; i < 5; ++i) tasks.spawn("waits", wait_for_ever());
    context.poll();
    EXPECT_EQ(tasks.size(), 5u);
    tasks.cancel();
    context.run();
    EXPECT_EQ(tasks.size(), 0u);
    EXPECT_TRUE(failures.empty());
}

// A task that ends between cancel() and the signal's arrival: Asio 1.26 by itself would use its freed signal.
TEST_F(TaskGroup, CancelMeetsATaskThatIsJustEnding) {
    asio::steady_timer timer(context, steady::time_point::max());
    tasks.spawn("ends", wait_on(timer));
    context.poll();
    timer.cancel();
    tasks.cancel();
    context.run();
    EXPECT_EQ(tasks.size(), 0u);
}

TEST_F(TaskGroup, LaterTasksAreNotCancelled) {
    tasks.spawn("early", wait_for_ever());
    context.poll();
    tasks.cancel();
    context.poll();
    EXPECT_EQ(tasks.size(), 0u);
    context.restart();
    asio::steady_timer timer(context, steady::time_point::max());
    tasks.spawn("late", wait_on(timer));
    context.poll();
    EXPECT_EQ(tasks.size(), 1u);
    timer.cancel();
    context.run();
    EXPECT_EQ(tasks.size(), 0u);
}

TEST_F(TaskGroup, WaitsUntilEmpty) {
    EXPECT_TRUE(test::run(context, tasks.wait_empty(steady::now())));
    tasks.spawn("waits", wait_for_ever());
    EXPECT_FALSE(test::run(context, tasks.wait_empty(steady::now())));
    asio::post(context, [this] { tasks.cancel(); });
    EXPECT_TRUE(test::run(context, tasks.wait_empty(steady::now() + std::chrono::hours(1))));
    EXPECT_EQ(tasks.size(), 0u);
}

TEST_F(TaskGroup, WaitEndsAtItsDeadline) {
    asio::steady_timer timer(context, steady::time_point::max());
    tasks.spawn("waits", wait_on(timer));
    asio::steady_timer later(context, std::chrono::milliseconds(20));
    later.async_wait([&](const boost::system::error_code&) { timer.cancel(); });
    EXPECT_FALSE(test::run(context, tasks.wait_empty(steady::now() + std::chrono::milliseconds(1))));
    context.run();
    EXPECT_EQ(tasks.size(), 0u);
}

TEST_F(TaskGroup, MayDieBeforeItsTasks) {
    asio::steady_timer timer(context, steady::time_point::max());
    {
        task_group brief(context.get_executor(), [](std::string_view, const std::exception_ptr&) { FAIL(); });
        brief.spawn("waits", wait_on(timer));
        context.poll();
    }
    timer.cancel();
    context.run();
}

}  // namespace
}  // namespace consent_sync::async
