// What the account says of itself: the answers to GET /account-info/v3/details and …/api-usage/daily/private-apps.
// Pure.
//
// Source: HubSpot's account information API. The daily limit is reset at midnight of the account's time zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace consent_sync::hubspot {

inline constexpr const char* account_details_path = "/account-info/v3/details";
inline constexpr const char* account_usage_path = "/account-info/v3/api-usage/daily/private-apps";

struct account_info {
    std::string time_zone;  // "US/Eastern": an IANA name, or a link to one; empty: HubSpot did not tell
    std::optional<std::chrono::minutes> utc_offset;  // at the moment of the answer, east positive
};

// Error: invalid_input, for a body that names neither a time zone nor an offset.
base::result<account_info> parse_account_info(std::string_view body);

// The offset from UTC of the clock that shows midnight when the daily count is reset ("resetsAt"), at that moment.
// Error: invalid_input, where the body names no such moment.
base::result<std::chrono::minutes> parse_daily_reset(std::string_view body);

}  // namespace consent_sync::hubspot
