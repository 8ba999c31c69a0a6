#include "delivery/pauses.hpp"

#include <algorithm>

namespace consent_sync::delivery {
namespace {

constexpr base::milliseconds soon{5'000}, minute{60'000};

struct reason_row {
    std::string_view name;
    base::milliseconds first;  // until the first probe
    int growth_max;            // the longest time between two probes, in units
};
// By pause_reason. What ends at midnight is probed more rarely, and a lock, which HubSpot means to last seconds, at
// least once a minute.
constexpr std::array<reason_row, pause_reason_count> reasons{{{"outage", soon, 15},
                                                              {"auth", soon, 15},
                                                              {"scope", soon, 15},
                                                              {"configuration", soon, 15},
                                                              {"daily limit", soon, 120},
                                                              {"rate limit", soon, 15},
                                                              {"moving", soon, 15},
                                                              {"locked", soon, 1},
                                                              {"disk", soon, 15},
                                                              {"operator", soon, 15},
                                                              {"daily reserve", minute, 120}}};

bool stops_everything(std::size_t reason) { return reason != static_cast<std::size_t>(pause_reason::daily_reserve); }

}  // namespace

std::string_view name(pause_reason reason) { return reasons[static_cast<std::size_t>(reason)].name; }

std::optional<pause_reason> parse_pause_reason(std::string_view text) {
    for (std::size_t i = 0; i < reasons.size(); ++i)
        if (reasons[i].name == text) return static_cast<pause_reason>(i);
    return std::nullopt;
}

bool pauses::probes(pause_reason reason) { return reason != pause_reason::operator_ && reason != pause_reason::disk; }

bool pauses::begin(pause_reason reason, std::string words, base::moment now, std::optional<base::milliseconds> told) {
    std::optional<pause>& slot = held_[static_cast<std::size_t>(reason)];
    const reason_row& row = reasons[static_cast<std::size_t>(reason)];
    const base::milliseconds longest = unit_ * row.growth_max;
    const bool is_new = !slot;
    if (is_new) {
        slot.emplace();
        slot->since = now;
        slot->interval = std::min(unit_, row.first);
    } else if (!told || *told > silent_wait_max) {
        slot->interval = std::min(slot->interval * 2, longest);
    }
    slot->words = std::move(words);
    slot->next_probe = now.steady + slot->interval;
    if (told) slot->next_probe = now.steady + (*told <= silent_wait_max ? *told : std::min(*told, slot->interval));
    slot->until = told ? now.wall + *told : base::wall_time{};
    return is_new;
}

void pauses::remember(pause_reason reason, base::wall_time since) {
    if (auto& slot = held_[static_cast<std::size_t>(reason)]) slot->since.wall = since;
}

std::optional<pauses::pause> pauses::end(pause_reason reason) {
    std::optional<pause>& slot = held_[static_cast<std::size_t>(reason)];
    std::optional<pause> ended = std::move(slot);
    slot.reset();
    return ended;
}

const pauses::pause* pauses::find(pause_reason reason) const {
    const std::optional<pause>& slot = held_[static_cast<std::size_t>(reason)];
    return slot ? &*slot : nullptr;
}

bool pauses::any() const {
    for (std::size_t i = 0; i < held_.size(); ++i)
        if (held_[i] && stops_everything(i)) return true;
    return false;
}

bool pauses::opt_ins_may_go(base::steady_time now) const {
    const pause* reserve = find(pause_reason::daily_reserve);
    return !reserve || reserve->next_probe <= now;
}

bool pauses::probe_due(base::steady_time now) const {
    const auto next = next_probe();
    return next && *next <= now;
}

std::optional<base::steady_time> pauses::next_probe() const {
    std::optional<base::steady_time> latest;
    for (std::size_t i = 0; i < held_.size(); ++i) {
        if (!held_[i] || !stops_everything(i)) continue;
        if (!probes(static_cast<pause_reason>(i))) return std::nullopt;
        latest = latest ? std::max(*latest, held_[i]->next_probe) : held_[i]->next_probe;
    }
    return latest;
}

void pauses::probing(base::steady_time now) {
    for (std::size_t i = 0; i < held_.size(); ++i)
        if (held_[i] && stops_everything(i))
            held_[i]->next_probe = std::max(held_[i]->next_probe, now + held_[i]->interval);
}

void pauses::probe_now(pause_reason reason, base::steady_time now) {
    if (auto& slot = held_[static_cast<std::size_t>(reason)]) slot->next_probe = now;
}

void pauses::probe_by(pause_reason reason, base::steady_time at) {
    if (auto& slot = held_[static_cast<std::size_t>(reason)]) slot->next_probe = std::min(slot->next_probe, at);
}

void pauses::probe_all_now(base::steady_time now) {
    for (auto& slot : held_)
        if (slot) slot->next_probe = now;
}

}  // namespace consent_sync::delivery
