#include "delivery/budget.hpp"

#include <algorithm>
#include <utility>

namespace consent_sync::delivery {
namespace {

constexpr std::int64_t jump_least = 10;
constexpr std::int64_t jump_share = 20;                   // of the limit
constexpr std::uint64_t answers_least = 200;              // fewer say nothing
constexpr std::uint64_t share_of_errors = 20;             // one in so many
constexpr std::int64_t believed_max = 1'000'000'000'000;  // a header beyond that is not believed

}  // namespace

budget::budget(std::optional<std::uint64_t> configured, double reserve, next_midnight midnight)
    : configured_(configured), reserve_(reserve), midnight_(std::move(midnight)) {
    if (configured_) limit_ = remaining_ = static_cast<std::int64_t>(*configured_);
}

void budget::configure(std::optional<std::uint64_t> configured, double reserve, next_midnight midnight) {
    if (configured && configured != configured_) {
        const std::int64_t used = limit_ && remaining_ ? *limit_ - *remaining_ : 0;
        limit_ = static_cast<std::int64_t>(*configured);
        remaining_ = std::max<std::int64_t>(0, *limit_ - used);
    }
    configured_ = configured;
    reserve_ = reserve;
    midnight_ = std::move(midnight);
    day_end_ = {};
}

void budget::restore(std::int64_t remaining, std::int64_t limit, base::wall_time day_end) {
    limit_ = limit;
    remaining_ = remaining;
    day_end_ = day_end;
}

void budget::start_day_if_over(base::wall_time now) {
    // An end that lies more than a day ahead comes from a clock that jumped.
    if (day_end_ != base::wall_time{} && now < day_end_ && day_end_ - now < std::chrono::hours(26)) return;
    if (day_end_ != base::wall_time{} && now >= day_end_) remaining_ = limit_;
    const auto day = std::chrono::floor<std::chrono::days>(now);
    day_end_ = midnight_ ? midnight_(now) : day + std::chrono::days(1);
}

void budget::spent(base::wall_time now) {
    start_day_if_over(now);
    if (remaining_ && *remaining_ > 0) --*remaining_;
}

bool budget::learn(std::optional<std::int64_t> limit, std::optional<std::int64_t> remaining, std::uint64_t begun_since,
                   base::wall_time now) {
    start_day_if_over(now);
    if (!limit || !remaining || *limit < 1 || *remaining < 0) return false;
    if (*limit > believed_max || *remaining > believed_max) return false;
    const std::int64_t most =
        configured_ ? std::min<std::int64_t>(*limit, static_cast<std::int64_t>(*configured_)) : *limit;
    const std::int64_t left =
        std::max<std::int64_t>(0, std::min(most, *remaining - static_cast<std::int64_t>(begun_since)));
    const std::int64_t before = remaining_.value_or(left);
    // Answers come in another order than requests were counted; only a jump says that there is more than was known.
    const bool jumped = left > before + most / jump_share + jump_least;
    limit_ = most;
    remaining_ = jumped ? left : std::min(left, before);
    return jumped;
}

bool budget::at_reserve(base::wall_time now) {
    start_day_if_over(now);
    return limit_ && remaining_ && static_cast<double>(*remaining_) <= reserve_ * static_cast<double>(*limit_);
}

base::wall_time budget::day_end(base::wall_time now) {
    start_day_if_over(now);
    return day_end_;
}

bool error_share::count(unsigned status, base::wall_time day_end, base::wall_time now) {
    if (now >= day_end_) *this = {};
    if (day_end_ == base::wall_time{}) day_end_ = day_end;
    ++answers_;
    if (status >= 400) ++errors_;
    return many() && !std::exchange(told_, true);
}

bool error_share::many() const { return answers_ >= answers_least && errors_ * share_of_errors > answers_; }

}  // namespace consent_sync::delivery
