#include "async/run_blocking.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "async/task_group.hpp"
#include "unit/async/run.hpp"

namespace consent_sync::async {
namespace {

namespace asio = boost::asio;

// The thread's own number, asked outside of coroutines: compilers may keep a thread id across co_await.
std::size_t this_thread() { return std::hash<std::thread::id>()(std::this_thread::get_id()); }

class RunBlocking : public ::testing::Test {
  protected:
    ~RunBlocking() override { pool.join(); }

    asio::io_context context{1};
    asio::thread_pool pool{1};
};

asio::awaitable<std::string> call_and_note(asio::thread_pool& pool, std::size_t& worked_on, std::size_t& back_on) {
    auto text = std::make_unique<std::string>("moved in");
    auto work = [&worked_on, text = std::move(text)] {
        worked_on = this_thread();
        return *text + " and out";
    };
    std::string result = co_await run_blocking(pool, std::move(work));
    auto note = [&back_on] { back_on = this_thread(); };
    note();
    co_return result;
}

TEST_F(RunBlocking, WorksOnThePoolAndComesHome) {
    std::size_t worked_on = 0;
    std::size_t back_on = 0;
    EXPECT_EQ(test::run(context, call_and_note(pool, worked_on, back_on)), "moved in and out");
    EXPECT_NE(worked_on, this_thread());
    EXPECT_EQ(back_on, this_thread());
}

asio::awaitable<int> call_and_fail(asio::thread_pool& pool) {
    auto work = []() -> int { throw std::runtime_error("bug"); };
    co_return co_await run_blocking(pool, std::move(work));
}

TEST_F(RunBlocking, PassesExceptionsOn) { EXPECT_THROW(test::run(context, call_and_fail(pool)), std::runtime_error); }

asio::awaitable<void> call_slow(asio::thread_pool& pool, std::shared_future<void> released, bool& finished) {
    auto work = [released] { released.wait(); };
    co_await run_blocking(pool, std::move(work));
    finished = true;
}

TEST_F(RunBlocking, CancellationDoesNotCutIt) {
    std::promise<void> release;
    bool finished = false;
    task_group tasks(context.get_executor(), [](std::string_view, const std::exception_ptr&) { FAIL(); });
    tasks.spawn("slow", call_slow(pool, release.get_future().share(), finished));
    context.poll();
    tasks.cancel();
    context.poll();
    EXPECT_EQ(tasks.size(), 1u) << "it is still waited for";
    release.set_value();
    context.restart();
    context.run();
    EXPECT_TRUE(finished);
    EXPECT_EQ(tasks.size(), 0u);
}

}  // namespace
}  // namespace consent_sync::async
