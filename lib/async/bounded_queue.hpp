// Hands items from coroutines to coroutines in order, with a bound that is the backpressure.
//
// close() ends it: push() then returns false and drops its item, pop() returns what is left and then nothing.
// Cancellation: a waiting push() or pop() throws system_error(operation_aborted). An item leaves the queue
// only in the step that returns it, so a cancelled pop() loses nothing; a cancelled push() has not stored its
// item. The queue must outlive its waiters. One thread only: every use is on the executor's thread. Give an
// aggregate a name before `co_await queue.push(std::move(name))`: g++ 12 destroys a braced temporary twice.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace consent_sync::async {

template <class T>
class bounded_queue {
  public:
    // A capacity of 0 would never take an item and counts as 1.
    bounded_queue(const boost::asio::any_io_executor& executor, std::size_t capacity)
        : capacity_(capacity == 0 ? 1 : capacity), changed_(executor, boost::asio::steady_timer::time_point::max()) {}
    bounded_queue(const bounded_queue&) = delete;
    bounded_queue& operator=(const bounded_queue&) = delete;

    // Waits while the queue is full. False: the queue is closed.
    boost::asio::awaitable<bool> push(T item) {
        while (!closed_ && items_.size() >= capacity_) co_await wait_for_change();
        if (closed_) co_return false;
        items_.push_back(std::move(item));
        changed_.cancel();
        co_return true;
    }

    // Waits while the queue is empty. Nothing: the queue is closed and drained.
    boost::asio::awaitable<std::optional<T>> pop() {
        while (!closed_ && items_.empty()) co_await wait_for_change();
        if (items_.empty()) co_return std::nullopt;
        std::optional<T> item(std::move(items_.front()));
        items_.pop_front();
        changed_.cancel();
        co_return item;
    }

    void close() {
        closed_ = true;
        changed_.cancel();
    }

    std::size_t size() const { return items_.size(); }

  private:
    boost::asio::awaitable<void> wait_for_change() {
        // The timer never expires: it is the condition variable, and cancel() is its notify_all.
        co_await changed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) {
            throw boost::system::system_error(boost::asio::error::operation_aborted);
        }
    }

    std::size_t capacity_;
    bool closed_ = false;
    std::deque<T> items_;
    boost::asio::steady_timer changed_;
};

}  // namespace consent_sync::async
