// What the account says of itself: the answer to GET /account-info/v3/details. Pure.
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

struct account_info {
    std::string time_zone;  // "US/Eastern": an IANA name, or a link to one; empty: HubSpot did not say
    std::optional<std::chrono::minutes> utc_offset;  // at the moment of the answer, east positive
    std::int64_t portal = 0;                         // portalId; 0: HubSpot did not say
};

// Error: invalid_input, for a body that names neither a time zone nor an offset.
base::result<account_info> parse_account_info(std::string_view body);

}  // namespace consent_sync::hubspot
