// Tells a coroutine that something has happened. What happens while nobody waits is kept: the next wait() ends at once.
//
// One waiter at a time, one thread, and the event outlives the waiter. A cancelled wait() returns; the waiter's next
// co_await then throws system_error(operation_aborted).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace consent_sync::async {

class event {
  public:
    explicit event(const boost::asio::any_io_executor& home)
        : never_(home, boost::asio::steady_timer::time_point::max()) {}
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    void notify() {
        happened_ = true;
        never_.cancel();
    }
    boost::asio::awaitable<void> wait() {
        // The timer never expires: it is the condition variable.
        if (!happened_) co_await never_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        happened_ = false;
    }

  private:
    boost::asio::steady_timer never_;
    bool happened_ = false;
};

}  // namespace consent_sync::async
