// Addresses that get special treatment, recognised by the beginning of their local part ("reject-7@example.com").
#pragma once

#include <string_view>

namespace consent_sync::hubspot_sim {

enum class address_pattern {
    none,
    // These affect only the change.
    reject,        // an error that names the address
    unattributed,  // an error that names no address
    missing,       // in neither results nor errors, and not applied
    silent,        // in neither results nor errors, but applied
    other,         // a result with another status; not applied
    flaky,         // missing in the first answer, then normal
    nulls,         // a result whose nullable fields are null
    // These affect the whole request; nothing is applied.
    refuse,          // 400 VALIDATION_ERROR that names the address
    refuse_each,     // 400 VALIDATION_ERROR that names every such address of the request
    refuse_unnamed,  // 400 VALIDATION_ERROR that names none
    bad_json,        // 400 "Invalid input JSON …" without a category
    not_found,       // 404 OBJECT_NOT_FOUND
    conflict,        // 409
    unprocessable,   // 422
    forbidden,       // 403 without a category
    crash,           // 500
    cut,             // connection reset
    stall,           // no answer
};

// "refuse-unnamed-1@…" → refuse_unnamed. Letter case does not matter.
address_pattern pattern_of(std::string_view address);
bool is_of_whole_request(address_pattern p);
std::string_view prefix_of(address_pattern p);  // "reject-"

}  // namespace consent_sync::hubspot_sim
