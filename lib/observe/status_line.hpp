// The one line that `systemctl status` shows. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace consent_sync::observe {

struct status_facts {
    std::string pause;                           // its reason, or several: "auth, operator"; empty: none
    std::string pause_words;                     // of the first; masked
    std::optional<base::wall_time> looks_again;  // when the pause ends or is checked; nothing: something else ends it
    bool by_operator = false;                    // an operator has to end it
    bool inbox_gone = false;
    std::uint64_t files = 0;      // open
    std::uint64_t changes = 0;    // without a verdict
    std::uint64_t in_flight = 0;  // requests
    double per_second = 0;        // changes that got their verdict, over the last minute
    std::optional<double> seconds_left;
};

// "3 files, 12300 changes left, 1850 a second, 7s left" · "idle" ·
// "paused (outage): HubSpot …; looks again at 2026-11-25T19:59:45Z; 3 files, 12300 changes left".
std::string status_line(const status_facts& facts);

}  // namespace consent_sync::observe
