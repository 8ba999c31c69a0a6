// The one line that `systemctl status` shows. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace consent_sync::observe {

struct status_facts {
    std::string pause;            // its reason; empty: none
    std::string pause_words;      // masked
    std::uint64_t files = 0;      // open
    std::uint64_t changes = 0;    // without a verdict
    std::uint64_t in_flight = 0;  // requests
    double per_second = 0;        // changes that got their verdict, over the last minute
    std::optional<double> seconds_left;
};

// "3 files, 12300 changes left, 1850 a second, 7s left" · "paused (outage): HubSpot …; 3 files, 12300 changes left" ·
// "idle".
std::string status_line(const status_facts& facts);

}  // namespace consent_sync::observe
