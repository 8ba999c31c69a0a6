#include "async/watchdog.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <utility>

namespace consent_sync::async {

// Shared with the timer's handler, which may run after the watchdog is gone.
struct watchdog::state {
    explicit state(const boost::asio::any_io_executor& executor) : timer(executor) {}

    boost::asio::steady_timer timer;
    std::uint64_t generation = 0;  // a handler of an older generation does nothing
    bool armed = false;
    bool expired = false;
    std::function<void()> on_expiry;
};

watchdog::watchdog(const boost::asio::any_io_executor& executor) : state_(std::make_shared<state>(executor)) {}

watchdog::~watchdog() { disarm(); }

void watchdog::arm(time_point deadline, std::function<void()> on_expiry) {
    state_->generation++;
    state_->armed = true;
    state_->expired = false;
    state_->on_expiry = std::move(on_expiry);
    state_->timer.expires_at(deadline);
    state_->timer.async_wait(
        [shared = state_, generation = state_->generation](const boost::system::error_code& error) {
            if (error || shared->generation != generation) return;
            shared->armed = false;
            shared->expired = true;
            // The function may arm or destroy the watchdog.
            const std::function<void()> call = std::move(shared->on_expiry);
            call();
        });
}

void watchdog::disarm() {
    if (!state_->armed) return;
    state_->armed = false;
    state_->generation++;
    state_->on_expiry = nullptr;
    state_->timer.cancel();
}

bool watchdog::expired() const { return state_->expired; }

}  // namespace consent_sync::async
