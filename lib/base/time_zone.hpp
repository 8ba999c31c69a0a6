// Time zones from the system's data (tzdata), for the account's midnight.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace consent_sync::base {

// Whether this machine knows the zone, an IANA name ("Europe/Berlin", "US/Eastern"). The error says how to install it.
result<void> check_time_zone(const std::string& zone);

// The name of a fixed offset from UTC, east positive: "UTC-05:00". next_midnight() takes it too.
std::string zone_of_offset(std::chrono::minutes offset);

// The first midnight in `zone` after `t`. If daylight saving time skips midnight, the start of that day. An unknown
// zone counts as UTC, so check it first.
wall_time next_midnight(const std::string& zone, wall_time t);

}  // namespace consent_sync::base
