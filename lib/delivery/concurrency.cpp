#include "delivery/concurrency.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace consent_sync::delivery {
namespace {

constexpr auto least_period = std::chrono::seconds(30);
constexpr double growth_tolerated = 2.0;  // times the least mean latency
constexpr double weight = 1.0 / 16;       // of one answer in the mean: jitter of a healthy server must not count
constexpr int answers_until_mean = 16;
constexpr int answers_until_allowed = 3;  // one may be an odd one
constexpr double growth_ignored = 0.020;  // seconds: below this queueing costs nobody anything
constexpr double decrease_factor = 0.5;

double seconds(base::steady_time::duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

void concurrency::configure(std::uint32_t most) {
    most_ = most;
    window_ = std::min<double>(window_, most);
}

std::uint32_t concurrency::window() const {
    return std::clamp<std::uint32_t>(static_cast<std::uint32_t>(window_), 1, most_);
}

void concurrency::learn_latency(double latency, base::steady_time now) {
    ++answers_;
    fastest_ = answers_ == 1 ? latency : std::min(fastest_, latency);
    smoothed_ += (latency - smoothed_) * std::max(weight, 1.0 / answers_);
    if (answers_ < answers_until_mean) return;
    if (now >= period_end_) {
        least_ = least_next_ == 0 ? smoothed_ : std::min(least_next_, smoothed_);
        least_next_ = smoothed_;
        period_end_ = now + least_period;
    }
    least_ = std::min(least_, smoothed_);
    least_next_ = std::min(least_next_, smoothed_);
}

bool concurrency::latency_grows() const {
    return answers_ >= answers_until_mean && smoothed_ > least_ * growth_tolerated + growth_ignored;
}

void concurrency::answered(base::steady_time sent, base::steady_time now, std::uint32_t in_flight) {
    learn_latency(seconds(now - sent), now);
    if (latency_grows()) {
        slow_start_ = false;
        if (sent > last_decrease_) {  // gently: nothing failed
            window_ = std::max(1.0, window_ * 0.9);
            last_decrease_ = now;
        }
        return;
    }
    // The window was not what held it back: it proves nothing. In slow start half of it will do, else the spreading of
    // the limiter, by which the last ones of a window leave late, would slow the growth.
    if (in_flight * (slow_start_ ? 2 : 1) < window() + (slow_start_ ? 1 : 0)) return;
    window_ += slow_start_ ? 1.0 : 1.0 / window_;
    window_ = std::min<double>(window_, most_);
}

void concurrency::allow(double rate) {
    if (!slow_start_ || answers_ < answers_until_allowed) return;
    window_ = std::max(window_, std::min<double>(std::ceil(rate * fastest_) + 1, most_));
}

void concurrency::overloaded(base::steady_time sent, base::steady_time now) {
    slow_start_ = false;
    if (sent <= last_decrease_) return;  // sent before the last decrease: it speaks of the past
    window_ = std::max(1.0, window_ * decrease_factor);
    last_decrease_ = now;
}

}  // namespace consent_sync::delivery
