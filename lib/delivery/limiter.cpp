#include "delivery/limiter.hpp"

#include <algorithm>

namespace consent_sync::delivery {
namespace {

constexpr std::int64_t limit_max = 100'000;  // a header beyond that is not believed

}  // namespace

limiter::limiter(std::optional<std::uint32_t> configured, base::milliseconds interval)
    : configured_(configured), interval_(interval), limit_(configured.value_or(lowest_limit)) {}

void limiter::configure(std::optional<std::uint32_t> configured, base::milliseconds interval) {
    configured_ = configured;
    interval_ = interval;
    if (configured) limit_ = *configured;
}

void limiter::drop_old(base::steady_time now) {
    while (!sends_.empty() && sends_.front() + interval_ + margin_ <= now) sends_.pop_front();
}

std::uint32_t limiter::usable(base::steady_time now) const {
    if (now >= others_until_ || others_ == 0) return limit_;
    return others_ < limit_ ? limit_ - others_ : 1;
}

std::uint32_t limiter::used(base::steady_time now) {
    drop_old(now);
    return taken_ + static_cast<std::uint32_t>(sends_.size());
}

std::optional<base::steady_time> limiter::next_free(base::steady_time now) {
    const std::uint32_t in_use = used(now);
    const std::uint32_t most = usable(now);
    if (in_use < most) return std::max(now, blocked_until_);
    const std::uint32_t too_many = in_use - most;  // so many slots more than one must come free
    if (too_many >= sends_.size()) return std::nullopt;
    return std::max(sends_[too_many] + interval_ + margin_, blocked_until_);
}

void limiter::take() { ++taken_; }

void limiter::written(base::steady_time at) {
    if (taken_ > 0) --taken_;
    if (sends_.empty() || sends_.back() <= at)
        sends_.push_back(at);
    else
        sends_.insert(std::upper_bound(sends_.begin(), sends_.end(), at), at);
}

void limiter::returned() {
    if (taken_ > 0) --taken_;
}

void limiter::learn(std::optional<std::int64_t> max, std::optional<std::int64_t> remaining,
                    std::optional<std::int64_t> interval_ms, base::steady_time written_at, base::steady_time now) {
    if (interval_ms && *interval_ms >= 100 && *interval_ms <= 3'600'000) interval_ = base::milliseconds(*interval_ms);
    if (!max || *max < 1 || *max > limit_max) return;
    const auto told = static_cast<std::uint32_t>(*max);
    limit_ = configured_ ? std::min(*configured_, told) : told;
    learnt_ = true;
    if (!remaining || *remaining < 0) return;
    // At most so many of ours can be in HubSpot's count of this answer: all that were written within an interval
    // before it, and all since. What it counts beyond that is somebody else's.
    const auto first = std::lower_bound(sends_.begin(), sends_.end(), written_at - interval_ - margin_);
    const auto ours = static_cast<std::int64_t>(sends_.end() - first) + taken_;
    const std::int64_t counted = *max - *remaining;
    const std::int64_t foreign = std::clamp<std::int64_t>(counted - ours, 0, limit_ - 1);
    if (foreign >= others_ || now >= others_until_) {
        others_ = static_cast<std::uint32_t>(foreign);
        others_until_ = now + interval_;
    }
}

void limiter::refused(base::steady_time now, base::milliseconds wait) {
    blocked_until_ = std::max(blocked_until_, now + wait);
    if (now - refused_at_ > interval_ || refused_at_ == base::steady_time{}) margin_ = std::min(margin_ * 2, limit_margin_max);
    refused_at_ = now;
}

void limiter::restore(const std::vector<base::steady_time>& sends) {
    sends_.assign(sends.begin(), sends.end());
    std::sort(sends_.begin(), sends_.end());
}

void limiter::assume_used(base::steady_time now) { sends_.assign(limit_, now); }

}  // namespace consent_sync::delivery
