// What an answer comes to: the kind of the whole, the outcome of each change, HubSpot's words.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consent/verdict.hpp"

namespace consent_sync::hubspot {

// What the answer says of the batch as a whole.
enum class answer_kind {
    judged,         // 2xx COMPLETE or SUCCESS: see the outcome of each change
    unclear,        // 2xx with another status, an empty or an unreadable body: nothing is known of any change
    refused,        // 400, 409, 422 and other 4xx about the content, 404 OBJECT_NOT_FOUND: somewhere a bad change
    too_large,      // 413
    unauthorized,   // 401
    scope_missing,  // 403 with HubSpot's Error body, whatever its category: some of HubSpot's 403 have none
    forbidden,      // 403 otherwise: from an edge or a proxy
    misconfigured,  // 3xx, 404 otherwise, 405, 415 and other 4xx that no row can cause
    locked,         // 423
    rate_limited,   // 429, rolling limit or unknown
    daily_limited,  // 429 DAILY
    moving,         // 477
    unavailable,    // 5xx, 52x, 530, 408 and the like, and every attempt without an answer
};
std::string_view name(answer_kind kind);

enum class change_outcome : std::uint8_t {
    unresolved,    // the answer does not name it, or contradicts itself about it
    confirmed,     // its key with the status that was asked for
    other_status,  // its key with another status
    rejected,      // an error names it
};

struct change_judgement {
    change_outcome outcome = change_outcome::unresolved;
    consent::success_reason reason = consent::success_reason::none;  // confirmed
    std::int64_t hubspot_time_ms = 0;                                // confirmed: HubSpot's timestamp; 0: none
    // rejected, other_status, and unresolved if HubSpot said something of it: 1 + index in judgement::words;
    // 0: none
    std::uint32_t words = 0;
};

// HubSpot's own words about a refusal. Lengths are cut to `words_bytes_max`.
struct refusal_words {
    std::string category;  // "VALIDATION_ERROR"; empty: HubSpot gave none
    std::string message;
};
inline constexpr std::size_t words_bytes_max = 1024;

struct judgement {
    answer_kind kind = answer_kind::unavailable;
    std::vector<change_judgement> changes;    // parallel to the batch; filled for `judged` only
    std::vector<refusal_words> words;         // judged: those that `changes` refer to; else one, of the whole answer
    std::string correlation_id;               // of the header, else of the body
    std::vector<std::string> missing_scopes;  // scope_missing
    std::vector<std::uint32_t> suspects;      // refused: indices of the changes that the error body names, sorted
    std::optional<std::chrono::milliseconds> retry_after;  // from Retry-After, clamped to [0, 24 h]
    // Results that name no key of the batch, but answer to a change of it as asked, except for the address: perhaps
    // that is spelled in a way that nobody knows. Each address counts once, for one change that nothing else in the
    // answer names. They prove nothing, but they show that the batch was looked at.
    std::uint32_t look_alikes = 0;
    std::uint64_t look_alike = 0;  // hash of the address of one of them
};

}  // namespace consent_sync::hubspot
