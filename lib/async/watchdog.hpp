// Calls a function when a deadline passes, unless it is disarmed first. It is how a wait gets its deadline:
// the function closes or cancels what the wait waits for, which is cheaper than racing two coroutines.
//
// The function is called on the executor, at most once for each arm(), and never after disarm(), another
// arm() or the watchdog's destruction, even when the timer had already fired by then. So it may refer to the
// watchdog's owner. Cancellation of coroutines does not concern it. One thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace consent_sync::async {

class watchdog {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit watchdog(const boost::asio::any_io_executor& executor);
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

    void arm(time_point deadline, std::function<void()> on_expiry);
    void disarm();
    bool expired() const;  // the deadline of the last arm() has passed and its function was called

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace consent_sync::async
