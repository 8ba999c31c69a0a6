// The end of a change. Every row of every accepted file gets exactly one.
#pragma once

#include <cstdint>
#include <string_view>

namespace consent_sync::consent {

// Stored in the ledger as these numbers: never renumber.
enum class verdict : std::uint8_t {
    confirmed = 1,    // a response named its key with the status that was asked for
    rejected = 2,     // HubSpot refused it
    invalid = 3,      // refused here, never sent
    superseded = 4,   // not sent: a newer change of its key took its place
    unconfirmed = 5,  // every try used up without proof
};
inline constexpr int verdict_count = 5;

// HubSpot's setStatusSuccessReason of a confirmed change.
enum class success_reason : std::uint8_t {
    none = 0,  // absent or null
    no_status_change = 1,
    requested_change_occurred = 2,
    resubscribe_occurred = 3,
    unsubscribe_from_all_occurred = 4,
    other = 5,  // a word that HubSpot has not documented
};

std::string_view name(verdict v);         // "confirmed"
std::string_view name(success_reason r);  // "NO_STATUS_CHANGE"; empty for none
success_reason parse_success_reason(std::string_view text);

}  // namespace consent_sync::consent
