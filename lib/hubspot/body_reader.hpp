// Reads the JSON body of an answer in one pass, without a document in memory. Everything that this program knows of the
// shape of HubSpot's answers is in this unit.
//
// One shape serves both bodies that HubSpot sends: BatchResponsePublicStatus (status, results[], errors[]) and Error
// (category, message, context, errors[]), whose fields carry the same names. Every field is optional; a field that is
// unknown, null or of a wrong type counts as absent. The body is read as a whole or not at all: one that breaks off,
// goes on after its end, is not UTF-8, nests deeper than `body_depth_max` or lists more than `body_items_max` items in
// one array is not readable, whatever it said before.
//
// An object in which a member stands twice, known or not, says two things: it is marked, and proves nothing. So is an
// object with more than `members_max` members, since those are not compared. Whatever stands in `errors` is an error:
// an object, a text, a list, a number; also where `errors` is not a list of these, but one of them itself.
//
// The results of an answer have one shape and differ in their values only. So a parser (Boost.JSON) reads the first;
// the others are compared with its shape, which takes half the time or less. What differs goes to the parser as well.
//
// Ownership: the views of the results point into the text that was read, or into `unescaped`; both must outlive them.
#pragma once

#include <cstddef>
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
inline constexpr std::size_t members_max = 256;  // of an object that is read

// An item of results[]: PublicStatus. Empty: absent.
struct body_result {
    std::string_view subscriber;
    std::optional<std::int64_t> subscription;  // a number, or a text that is one, as HubSpot writes it
    std::string_view channel;
    std::string_view status;
    std::string_view reason;     // setStatusSuccessReason
    std::string_view timestamp;  // ISO 8601
    bool unsound = false;        // a member is there twice, or the channel is empty or no text: it proves nothing
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
    std::string text;               // every text in it, a line each, and names that look like an address; cut
    bool unsound = false;           // a member is there twice: it refuses no change
};

struct answer_body {
    bool readable = false;  // JSON, and an object
    body_error whole;       // category, message, status and context of the body itself
    std::string correlation_id;
    std::string policy_name;          // of a 429: "TEN_SECONDLY_ROLLING", "DAILY"
    std::vector<std::string> scopes;  // requiredGranularScopes, missingScopes, requiredScopes of any context
    std::vector<body_result> results;
    std::vector<body_error> errors;
    std::int64_t num_errors = 0;        // 1 where numErrors is there, but is no count
    bool unsound = false;               // a member of the body itself, or of its context, is there twice
    bool cut = false;                   // the text of an error was: whom else it names is not known
    std::vector<std::string> doubted;   // every address that an unsound result names
    std::deque<std::string> unescaped;  // texts that had escapes, and so are not in the body as they are
};

answer_body read_body(std::string_view text);

}  // namespace consent_sync::hubspot
