// Times and durations as text: RFC 3339 in UTC with milliseconds for logs and reports; "500ms", "2s", "10m", "12h",
// "30d" for the configuration.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace consent_sync::base {

// "2026-11-23T09:00:00.123Z". A year outside 0000 to 9999 is written as the nearest of these.
std::string format_time(wall_time t);

// "2026-11-23" (UTC): also the name of a day's report folder.
std::string format_date(wall_time t);

// A whole number and one unit, at most 100 years. Any other text is invalid_input.
result<milliseconds> parse_duration(std::string_view text);

// With the largest unit that needs no fraction: "90s", "30d", "0s". parse_duration() gives the same value again.
std::string format_duration(milliseconds d);

}  // namespace consent_sync::base
