#include "delivery/limiter.hpp"

#include <algorithm>

namespace consent_sync::delivery {
namespace {

constexpr int intervals_kept = 4;
// Headers beyond these are not believed: one odd answer must not stop sending for hours.
constexpr std::int64_t limit_max = 100'000;
constexpr std::int64_t interval_ms_least = 100, interval_ms_max = 30'000;  // HubSpot's is 10 s; of search it was 1 s

}  // namespace

limiter::limiter(std::optional<std::uint32_t> configured, base::milliseconds interval)
    : configured_(configured),
      configured_interval_(interval),
      interval_(interval),
      limit_(configured.value_or(lowest_limit)) {}

void limiter::configure(std::optional<std::uint32_t> configured, base::milliseconds interval) {
    configured_ = configured;
    if (interval != configured_interval_) interval_ = configured_interval_ = interval;
    const std::uint32_t told = learnt_ ? told_ : configured.value_or(lowest_limit);
    limit_ = std::min(configured.value_or(told), told);
}

// Older ones are kept a while: the answer to a request tells what HubSpot had counted when that one arrived.
void limiter::drop_old(base::steady_time now) {
    while (!sends_.empty() && sends_.front() + interval_ * intervals_kept <= now) sends_.pop_front();
}

std::deque<base::steady_time>::const_iterator limiter::first_used(base::steady_time now) const {
    return std::upper_bound(sends_.begin(), sends_.end(), now - interval_ - margin_);
}

std::uint32_t limiter::usable(base::steady_time now) const {
    if (now >= others_until_ || others_ == 0) return limit_;
    return others_ < limit_ ? limit_ - others_ : 1;
}

std::uint32_t limiter::used(base::steady_time now) {
    drop_old(now);
    return taken_ + static_cast<std::uint32_t>(sends_.end() - first_used(now));
}

std::optional<base::steady_time> limiter::next_free(base::steady_time now) {
    const std::uint32_t in_use = used(now);
    const std::uint32_t most = usable(now);
    if (in_use < most) {
        // The first quarter may leave at once; the rest evenly, so that a slot comes free every few moments and not all
        // of them together once an interval: an opt-out that comes in must not wait for that.
        const bool spread = in_use * 4 >= most;
        const base::steady_time next = spread ? last_taken_ + interval_ / most : base::steady_time::min();
        return std::max(now, next);
    }
    const std::uint32_t too_many = in_use - most;  // so many slots more than one must come free
    const auto first = first_used(now);
    if (too_many >= static_cast<std::size_t>(sends_.end() - first)) return std::nullopt;
    return *(first + too_many) + interval_ + margin_;
}

void limiter::take(base::steady_time now) {
    ++taken_;
    // What is taken a moment late does not make all the later ones late as well.
    const base::steady_time::duration spread = interval_ / usable(now);
    const base::steady_time due = last_taken_ + spread;
    last_taken_ = due <= now && now - due < spread ? due : now;
}

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

bool limiter::learn(std::optional<std::int64_t> max, std::optional<std::int64_t> remaining,
                    std::optional<std::int64_t> interval_ms, base::steady_time written_at, base::steady_time now) {
    // A limit and its interval are one fact: where one of them is not believed, neither is.
    if (!max) return true;
    if (*max < 1 || *max > limit_max) return false;
    if (interval_ms && (*interval_ms < interval_ms_least || *interval_ms > interval_ms_max)) return false;
    if (interval_ms) interval_ = base::milliseconds(*interval_ms);
    if (configured_) interval_ = std::max(interval_, configured_interval_);  // so many in so long is what was asked for
    told_ = static_cast<std::uint32_t>(*max);
    limit_ = configured_ ? std::min(*configured_, told_) : told_;
    learnt_ = true;
    if (!remaining || *remaining < 0) return true;
    if (now - written_at > interval_ * (intervals_kept - 1) - limit_margin_max)
        return true;  // it counted what is forgotten
    // Of ours HubSpot had counted those that were written within an interval before this one, and some that were
    // written after it and took less time on their way. What it counts beyond that is somebody else's.
    const auto first = std::upper_bound(sends_.begin(), sends_.end(), written_at - interval_ - limit_margin_first / 2);
    const auto last = std::upper_bound(sends_.begin(), sends_.end(), written_at + (now - written_at) / 2);
    const auto ours = static_cast<std::int64_t>(last - first);
    const std::int64_t counted = *max - *remaining;
    const std::int64_t jitter = std::max<std::int64_t>(2, limit_ / 50);
    const std::int64_t beyond = std::clamp<std::int64_t>(counted - ours, 0, limit_ - 1);
    const std::int64_t foreign = beyond > jitter ? beyond : 0;
    if (foreign >= others_ || now >= others_until_) {
        others_ = static_cast<std::uint32_t>(foreign);
        others_until_ = now + interval_;
    }
    return true;
}

void limiter::refused(base::steady_time now) {
    if (now - refused_at_ > interval_ || refused_at_ == base::steady_time{})
        margin_ = std::min(margin_ * 2, limit_margin_max);
    refused_at_ = now;
}

void limiter::restore(const std::vector<base::steady_time>& sends) {
    sends_.assign(sends.begin(), sends.end());
    std::sort(sends_.begin(), sends_.end());
}

void limiter::assume_used(base::steady_time now) { sends_.assign(limit_, now); }

}  // namespace consent_sync::delivery
