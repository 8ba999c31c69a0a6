#include "base/log_limits.hpp"

#include <algorithm>
#include <array>

namespace consent_sync::base {
namespace {

struct limited_event {
    std::string_view event;
    level least;  // below it, its lines are the record of what was done, and all are written
};

// Every event of which a user without rights can cause any number of lines.
constexpr std::array limited = {limited_event{"changes.unnamed", level::info},
                                limited_event{"control.full", level::info},
                                limited_event{"control.refused", level::info},
                                limited_event{"file.broke_off", level::info},
                                limited_event{"file.changed", level::info},
                                limited_event{"file.columns_ignored", level::info},
                                limited_event{"file.columns_suspicious", level::info},
                                limited_event{"file.contradictions", level::info},
                                limited_event{"file.done", level::warn},
                                limited_event{"file.duplicate", level::info},
                                limited_event{"file.grew", level::info},
                                limited_event{"file.held", level::info},
                                limited_event{"file.not_claimed", level::info},
                                limited_event{"file.not_continued", level::info},
                                limited_event{"file.not_moved", level::info},
                                limited_event{"file.noted", level::info},
                                limited_event{"file.refused", level::info},
                                limited_event{"file.rewritten", level::info},
                                limited_event{"inbox.left", level::info},
                                limited_event{"inbox.not_refused", level::info},
                                limited_event{"inbox.not_watched", level::info},
                                limited_event{"inbox.overflow", level::info},
                                limited_event{"inbox.refused", level::info},
                                limited_event{"subscriptions.doubted", level::info}};

const limited_event* find(level at, std::string_view event) {
    const auto* const found = std::find_if(limited.begin(), limited.end(),
                                           [event](const limited_event& each) { return each.event == event; });
    return found != limited.end() && at >= found->least ? found : nullptr;
}

constexpr auto minute = std::chrono::minutes(1);

}  // namespace

bool log_limits::limits(level at, std::string_view event) { return find(at, event) != nullptr; }

log_limits::log_limits() : counts_(limited.size()) {}

bool log_limits::allows(level at, std::string_view event, steady_time now) {
    const limited_event* const found = find(at, event);
    if (found == nullptr) return true;
    counted& c = counts_[static_cast<std::size_t>(found - limited.data())];
    if (c.written == 0 || now - c.minute >= minute) {
        c.minute = now;
        c.written = 0;
    }
    if (c.written < lines_a_minute) {
        ++c.written;
        return true;
    }
    ++c.left_out;
    c.highest = std::max(c.highest, at);
    return false;
}

template <class Is>
std::vector<log_limits::left_out> log_limits::take_where(const Is& is) {
    std::vector<left_out> taken;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        counted& c = counts_[i];
        if (c.left_out == 0 || !is(c)) continue;
        taken.push_back({limited[i].event, c.left_out, c.highest});
        c.left_out = 0;
        c.highest = level::debug;
    }
    return taken;
}

std::vector<log_limits::left_out> log_limits::take_ended(steady_time now) {
    return take_where([now](const counted& c) { return now - c.minute >= minute; });
}

std::vector<log_limits::left_out> log_limits::take_all() {
    return take_where([](const counted&) { return true; });
}

}  // namespace consent_sync::base
