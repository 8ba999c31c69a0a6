#include "delivery/pauses.hpp"

#include <algorithm>

namespace consent_sync::delivery {
namespace {

struct reason_row {
    std::string_view name;
    int growth_max;  // the longest time between two probes: so many times the first one
};
// By pause_reason. A day's limit ends at midnight: it is probed more rarely.
constexpr std::array<reason_row, pause_reason_count> reasons{{{"outage", 15},
                                                              {"auth", 15},
                                                              {"scope", 15},
                                                              {"configuration", 15},
                                                              {"daily limit", 120},
                                                              {"rate limit", 15},
                                                              {"moving", 15},
                                                              {"disk", 15},
                                                              {"operator", 15}}};

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
    const base::milliseconds longest = probe_first_ * reasons[static_cast<std::size_t>(reason)].growth_max;
    const bool is_new = !slot;
    if (is_new) {
        slot.emplace();
        slot->since = now;
        slot->interval = probe_first_;
    } else if (!told || *told > slot->interval) {
        slot->interval = std::min(slot->interval * 2, longest);
    }
    slot->words = std::move(words);
    slot->next_probe = now.steady + slot->interval;
    if (told) slot->next_probe = now.steady + std::min(*told, std::max(slot->interval, silent_wait_max));
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
    return std::any_of(held_.begin(), held_.end(), [](const auto& slot) { return slot.has_value(); });
}

bool pauses::probe_due(base::steady_time now) const {
    const auto next = next_probe();
    return next && *next <= now;
}

std::optional<base::steady_time> pauses::next_probe() const {
    std::optional<base::steady_time> latest;
    for (std::size_t i = 0; i < held_.size(); ++i) {
        if (!held_[i]) continue;
        if (!probes(static_cast<pause_reason>(i))) return std::nullopt;
        latest = latest ? std::max(*latest, held_[i]->next_probe) : held_[i]->next_probe;
    }
    return latest;
}

void pauses::probing(base::steady_time now) {
    for (auto& slot : held_)
        if (slot) slot->next_probe = std::max(slot->next_probe, now + slot->interval);
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
