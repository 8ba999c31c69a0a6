#include "hubspot_sim/rate_window.hpp"

#include <algorithm>

namespace consent_sync::hubspot_sim {

bool rate_window::admit(std::int64_t now_ms, std::uint32_t limit, std::int64_t interval_ms) {
    if (limit != 0 && used(now_ms, interval_ms) >= limit) return false;
    count(now_ms, interval_ms);
    return true;
}

void rate_window::count(std::int64_t now_ms, std::int64_t interval_ms) {
    forget(now_ms, interval_ms);
    arrivals_.push_back(now_ms);
}

std::uint32_t rate_window::used(std::int64_t now_ms, std::int64_t interval_ms) {
    forget(now_ms, interval_ms);
    return static_cast<std::uint32_t>(arrivals_.size());
}

std::int64_t rate_window::wait_ms(std::int64_t now_ms, std::uint32_t limit, std::int64_t interval_ms) {
    if (limit == 0 || used(now_ms, interval_ms) < limit) return 0;
    const std::int64_t leaves_first = arrivals_[arrivals_.size() - limit];
    return std::max<std::int64_t>(0, leaves_first + interval_ms - now_ms);
}

void rate_window::forget(std::int64_t now_ms, std::int64_t interval_ms) {
    while (!arrivals_.empty() && arrivals_.front() <= now_ms - interval_ms) arrivals_.pop_front();
}

}  // namespace consent_sync::hubspot_sim
