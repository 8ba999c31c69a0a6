#include "async/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "async/task_group.hpp"

namespace consent_sync::async {
namespace {

using int_queue = bounded_queue<std::unique_ptr<int>>;

class BoundedQueue : public ::testing::Test {
  protected:
    boost::asio::awaitable<void> produce(int_queue& queue, int from, int to) {
        for (int i = from; i < to; ++i) {
            auto item = std::make_unique<int>(i);
            if (!co_await queue.push(std::move(item))) refused.push_back(i);
            largest = std::max(largest, queue.size());
        }
    }

    boost::asio::awaitable<void> consume(int_queue& queue, int at_most = 1 << 30) {
        for (int i = 0; i < at_most; ++i) {
            const auto item = co_await queue.pop();
            if (!item) co_return;
            received.push_back(**item);
        }
    }

    // All that can happen now, also after the context had run out of work.
    void turn() {
        context.restart();
        context.poll();
    }

    boost::asio::io_context context{1};
    task_group tasks{context.get_executor(),
                     [](std::string_view, const std::exception_ptr& bug) { std::rethrow_exception(bug); }};
    std::vector<int> received;
    std::vector<int> refused;
    std::size_t largest = 0;
};

TEST_F(BoundedQueue, KeepsTheOrderWithinItsBound) {
    int_queue queue(context.get_executor(), 3);
    tasks.spawn("consume", consume(queue));
    tasks.spawn("produce", produce(queue, 0, 100));
    turn();
    ASSERT_EQ(received.size(), 100u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(received[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(largest, 3u);
    queue.close();
    turn();
    EXPECT_EQ(tasks.size(), 0u);
}

TEST_F(BoundedQueue, PushWaitsWhileItIsFull) {
    int_queue queue(context.get_executor(), 2);
    tasks.spawn("produce", produce(queue, 0, 5));
    turn();
    EXPECT_EQ(queue.size(), 2u);
    EXPECT_EQ(tasks.size(), 1u);
    tasks.spawn("consume", consume(queue, 5));
    turn();
    EXPECT_EQ(received.size(), 5u);
    EXPECT_EQ(tasks.size(), 0u);
}

TEST_F(BoundedQueue, CloseRefusesPushesAndDrains) {
    int_queue queue(context.get_executor(), 2);
    tasks.spawn("produce", produce(queue, 0, 4));
    turn();
    queue.close();
    tasks.spawn("consume", consume(queue));
    turn();
    EXPECT_EQ(received, (std::vector<int>{0, 1}));
    EXPECT_EQ(refused, (std::vector<int>{2, 3}));
}

TEST_F(BoundedQueue, ManyLanesGetEveryItemOnce) {
    int_queue queue(context.get_executor(), 2);
    for (int lane = 0; lane < 3; ++lane) tasks.spawn("lane", consume(queue));
    tasks.spawn("produce", produce(queue, 0, 500));
    turn();
    queue.close();
    turn();
    std::sort(received.begin(), received.end());
    ASSERT_EQ(received.size(), 500u);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(received[static_cast<std::size_t>(i)], i);
}

// An item arrives and its waiter is cancelled in the same turn, a hundred times: the item stays for the next
// one.
TEST_F(BoundedQueue, CancelledPopsLoseNothing) {
    int_queue queue(context.get_executor(), 1000);
    for (int i = 0; i < 100; ++i) {
        tasks.spawn("consume", consume(queue));
        turn();
        tasks.spawn("produce", produce(queue, i, i + 1));
        boost::asio::post(context, [&] { tasks.cancel(); });
        turn();
    }
    EXPECT_EQ(tasks.size(), 0u);
    queue.close();
    tasks.spawn("consume", consume(queue));
    turn();
    std::sort(received.begin(), received.end());
    received.erase(std::unique(received.begin(), received.end()), received.end());
    EXPECT_EQ(received.size(), 100u);
}

TEST_F(BoundedQueue, CancelledPushesEnd) {
    int_queue queue(context.get_executor(), 1);
    tasks.spawn("produce", produce(queue, 0, 3));
    turn();
    tasks.cancel();
    turn();
    EXPECT_EQ(tasks.size(), 0u);
    EXPECT_EQ(queue.size(), 1u);
}

}  // namespace
}  // namespace consent_sync::async
