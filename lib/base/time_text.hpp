// Times and durations as text: RFC 3339 in UTC with milliseconds for logs and reports, "500ms" "2s" "10m"
// "12h" "30d" for the configuration.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace consent_sync::base {

// "2026-11-23T09:00:00.123Z". Years outside 0000..9999 are written as the nearest of them.
std::string format_time(wall_time t);

// "2026-11-23" (UTC): the name of a day's folder of reports.
std::string format_date(wall_time t);

// A whole number and one unit, nothing else; at most 100 years. invalid_input otherwise.
result<milliseconds> parse_duration(std::string_view text);

// The largest unit that needs no fraction: "90s", "30d", "0s". Parses back to the same value.
std::string format_duration(milliseconds d);

}  // namespace consent_sync::base
