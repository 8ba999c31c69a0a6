#include "delivery/refusals.hpp"

#include <algorithm>

namespace consent_sync::delivery {
namespace {

// Moves the elements that are `wanted` out of `from`, in order.
template <class T, class Wanted>
std::vector<T> take_if(std::vector<T>& from, Wanted wanted) {
    const auto first = std::stable_partition(from.begin(), from.end(), [&](const T& t) { return !wanted(t); });
    std::vector<T> taken(std::make_move_iterator(first), std::make_move_iterator(from.end()));
    from.erase(first, from.end());
    return taken;
}

}  // namespace

bool refusals::any_named() const {
    return std::any_of(suspects_.begin(), suspects_.end(), [](const suspect& s) { return s.named; });
}

bool refusals::any_named_again() const {
    return std::any_of(suspects_.begin(), suspects_.end(),
                       [](const suspect& s) { return s.named && s.of->refused_alone > 1; });
}

std::vector<refusals::follower> refusals::take_followers(ledger::batch_id first) {
    return take_if(followers_, [first](const follower& f) { return f.first == first; });
}

std::vector<refusals::follower> refusals::take_urgent_since(base::steady_time then) {
    return take_if(followers_, [then](const follower& f) { return f.urgent && f.since <= then; });
}

std::optional<base::steady_time> refusals::oldest_urgent() const {
    std::optional<base::steady_time> oldest;
    for (const follower& f : followers_)
        if (f.urgent) oldest = oldest ? std::min(*oldest, f.since) : f.since;
    return oldest;
}

std::unique_ptr<batch> refusals::take_one_of_reserve() {
    std::unique_ptr<batch> one = std::move(reserve_.back().of);
    reserve_.pop_back();
    return one;
}

std::vector<std::unique_ptr<batch>> refusals::take_reserve(base::steady_time until) {
    std::vector<std::unique_ptr<batch>> taken;
    for (kept_back& k : take_if(reserve_, [until](const kept_back& k) { return k.until <= until; }))
        taken.push_back(std::move(k.of));
    return taken;
}

std::optional<base::steady_time> refusals::next_of_reserve() const {
    std::optional<base::steady_time> next;
    for (const kept_back& k : reserve_) next = next ? std::min(*next, k.until) : k.until;
    return next;
}

std::unique_ptr<batch> refusals::take(ledger::batch_id id) {
    const auto is_it = [id](const auto& entry) { return entry.of->id == id; };
    for (follower& f : take_if(followers_, is_it)) return std::move(f.of);
    for (suspect& s : take_if(suspects_, is_it)) return std::move(s.of);
    for (kept_back& k : take_if(reserve_, is_it)) return std::move(k.of);
    return nullptr;
}

}  // namespace consent_sync::delivery
