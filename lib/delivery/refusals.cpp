#include "delivery/refusals.hpp"

#include <algorithm>
#include <utility>

#include "delivery/outcome.hpp"

namespace consent_sync::delivery {
namespace {

constexpr base::milliseconds named_again{10'000};  // or retry.max, if that is less
constexpr std::uint32_t tries_growth_most = 4;     // doublings of the time between tries
constexpr std::uint32_t undecided_after = 3;       // tries

// It waits for the answer to the others of the batch in whose refusal HubSpot named it.
bool waits_for_others(const batch& b) {
    const refusal* r = b.past.refused.get();
    return b.past.alone == 0 && r && !r->unexplained && r->unnamed_accepted == 0;
}

}  // namespace

void refusals::refused(bool known, base::steady_time now) {
    any_in_a_row_ = true;
    if (!known && ++in_a_row_ == doubt_after) doubt_since_ = now;
}

void refusals::accepted() {
    any_in_a_row_ = false;
    in_a_row_ = 0;
    tries_ = 0;
}

bool refusals::everything_refused(base::steady_time now, bool nothing_left) const {
    if (!doubtful() || now - doubt_since_ < doubt_lasts) return false;
    return nothing_left || in_a_row_ >= 2 * doubt_after;
}

std::optional<base::steady_time> refusals::doubt_ends() const {
    return doubtful() ? std::optional(doubt_since_ + doubt_lasts) : std::nullopt;
}

refusals::review refusals::look_again(ledger::attempt_id newest) {
    review r;
    for (batch* b : std::exchange(suspects_, {})) {
        const bool unexplained = b->past.alone == 0 && b->past.refused && b->past.refused->unexplained;
        if (proven_bad(*b))
            r.bad.push_back(b);
        else if (!unexplained && (newest < b->past.alone_since || waits_for_others(*b)))
            suspects_.push_back(b);
        else if (unexplained || refused_before(*b))
            r.again.push_back(b);
        else
            r.together.push_back(b);
    }
    return r;
}

std::vector<batch*> refusals::try_again(base::steady_time now, base::milliseconds unit) {
    if (!try_at_) {
        const bool named =
            std::any_of(suspects_.begin(), suspects_.end(), [](const batch* b) { return b->past.named; });
        try_at_ = now + (named ? std::min(unit, named_again) : unit * (1 << std::min(tries_, tries_growth_most)));
    }
    std::vector<batch*> due;
    if (*try_at_ > now) return due;
    try_at_.reset();
    ++tries_;
    bool one = false;
    for (batch* b : std::exchange(suspects_, {})) {
        if (b->past.named || !std::exchange(one, true))
            due.push_back(b);
        else
            suspects_.push_back(b);
    }
    return due;
}

bool refusals::undecided() { return tries_ == undecided_after; }

std::vector<batch*> refusals::take_suspects() { return std::exchange(suspects_, {}); }

void refusals::keep(batch& b, base::steady_time now) {
    kept_.push_back({&b, now + (b.has_opt_out() ? opt_outs_kept : opt_ins_kept)});
}

batch* refusals::take_one_kept() {
    batch* one = kept_.back().of;
    kept_.pop_back();
    return one;
}

std::vector<batch*> refusals::take_kept(base::steady_time until) {
    std::vector<batch*> taken;
    std::erase_if(kept_, [&](const kept_back& k) {
        if (k.until > until) return false;
        taken.push_back(k.of);
        return true;
    });
    return taken;
}

std::optional<base::steady_time> refusals::next_kept() const {
    std::optional<base::steady_time> next;
    for (const kept_back& k : kept_) next = next ? std::min(*next, k.until) : k.until;
    return next;
}

void refusals::forget(const batch& b) {
    std::erase(suspects_, &b);
    std::erase_if(kept_, [&b](const kept_back& k) { return k.of == &b; });
}

}  // namespace consent_sync::delivery
