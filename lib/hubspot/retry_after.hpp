// Retry-After and the dates of HTTP. Source: RFC 9110, 10.2.3 and 5.6.7.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace consent_sync::hubspot {

inline constexpr std::chrono::hours retry_after_max{24};  // HubSpot names up to 24 hours for an account that moves

// All three formats: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37
// 1994". A year of two digits that would lie more than 50 years after `now` is of the century before.
std::optional<base::wall_time> parse_http_date(std::string_view text, base::wall_time now);

// Seconds, with decimals if they are there, or a date. Clamped to [0, 24 h]; nothing for anything else.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, base::wall_time now);

}  // namespace consent_sync::hubspot
