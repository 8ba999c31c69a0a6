// Reads the JSON body of an answer in one pass, without a document in memory.
//
// One shape serves both bodies that HubSpot sends: BatchResponsePublicStatus (status, results[], errors[])
// and Error (category, message, context, errors[]), whose fields carry the same names. Every field is
// optional; a field that is unknown, null or of a wrong type counts as absent. The body is read whole or not
// at all: one that breaks off, goes on after its end, is not UTF-8, nests deeper than `body_depth_max` or
// lists more than `body_items_max` items in one array is not readable, whatever it said before.
//
// Ownership: the views of the results point into the text that was read, or into `unescaped`; both must
// outlive them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::hubspot {

inline constexpr std::size_t body_depth_max = 32;
inline constexpr std::size_t body_items_max = 20'000;
inline constexpr std::size_t error_text_bytes_max = 64 * 1024;
inline constexpr std::size_t scopes_max = 64;

// An item of results[]: PublicStatus. Empty: absent.
struct body_result {
    std::string_view subscriber;
    std::optional<std::int64_t> subscription;  // a number, or a string of digits
    std::string_view channel;
    std::string_view status;
    std::string_view reason;     // setStatusSuccessReason
    std::string_view timestamp;  // ISO 8601
    bool contradictory = false;  // a field of its key, or its status, is there twice
};

// Whom one `context` object names.
struct body_names {
    std::vector<std::string> subscribers;                    // subscriberIdString
    std::vector<std::optional<std::int64_t>> subscriptions;  // subscriptionId; nothing: no number
};

// An item of errors[] (StandardError, or ErrorDetail in an Error), or the Error itself.
struct body_error {
    std::string category;
    std::string message;
    std::string status;             // "error", or an HTTP status as text
    std::vector<body_names> names;  // of its own context first, then one for each of its details
    std::string text;               // every text in it, a line each: messages, `in`, context values; cut
};

struct answer_body {
    bool readable = false;  // JSON, and an object
    body_error whole;       // category, message, status and context of the body itself
    std::string correlation_id;
    std::string policy_name;          // of a 429: "TEN_SECONDLY_ROLLING", "DAILY"
    std::vector<std::string> scopes;  // requiredGranularScopes, missingScopes, requiredScopes of any context
    std::vector<body_result> results;
    std::vector<body_error> errors;
    std::int64_t num_errors = 0;
    std::deque<std::string> unescaped;  // texts that had escapes, and so are not in the body as they are
};

answer_body read_body(std::string_view text);

}  // namespace consent_sync::hubspot
