// A change: one row, what it asks for whom.
//
// Names and values are HubSpot's (PublicStatusRequest in its OpenAPI file of the communication preferences v4).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "consent/place.hpp"
#include "consent/text.hpp"

namespace consent_sync::consent {

// Stored in the ledger as these numbers: never renumber.
enum class channel : std::uint8_t { email = 1 };
enum class status_state : std::uint8_t { subscribed = 1, unsubscribed = 2, not_specified = 3 };
enum class legal_basis : std::uint8_t {
    legitimate_interest_pql = 1,
    legitimate_interest_client = 2,
    legitimate_interest_other = 3,
    performance_of_contract = 4,
    consent_with_notice = 5,
    non_gdpr = 6,
    process_and_store = 7,
};

// HubSpot's spelling ("UNSUBSCRIBED"). parse_* want exactly that; aliases are the business of intake.
std::string_view name(channel c);
std::string_view name(status_state s);
std::string_view name(legal_basis b);
std::optional<channel> parse_channel(std::string_view text);
std::optional<status_state> parse_status_state(std::string_view text);
std::optional<legal_basis> parse_legal_basis(std::string_view text);

struct change {
    place id;
    text subscriber;  // subscriberIdString, trimmed, in the spelling of the file
    std::int64_t subscription = 0;
    consent::channel channel = channel::email;
    status_state state = status_state::subscribed;
    std::optional<legal_basis> basis;
    std::optional<text> explanation;

    bool is_opt_out() const { return state == status_state::unsubscribed; }
};

}  // namespace consent_sync::consent
