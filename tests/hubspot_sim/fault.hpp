// One misbehaviour of HubSpot for one request: what is answered instead, and what happens to the changes.
//
// In tests: fault::status(503), fault::html(502).applied_after(2s), fault::reset().applied().
// As text, in scripts and on the command line: "503", "502-html+late:2s", "reset+apply" (see README.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace consent_sync::hubspot_sim {

using std::chrono::milliseconds;

enum class fault_kind {
    none,  // the correct answer

    // The correct answer, damaged on the wire: the changes are applied as usual.
    truncated,     // truncated JSON in a complete HTTP message
    wrong_length,  // Content-Length is larger than the body
    drip,          // one byte at a time
    hang_up,       // the connection is closed after the answer without an announcement
    strangers,     // with results and errors for addresses that were not in the request

    // Instead of the correct answer: the changes are applied only if `apply` or `late` says so.
    answer,             // `status` with the body of `body`
    batch_status,       // 200 whose status is `text` instead of COMPLETE, without results
    empty_results,      // 200 COMPLETE without results and errors
    garbage,            // bytes that are not HTTP
    endless_headers,    // header lines until the client closes the connection
    endless_body,       // chunks until the client closes the connection
    stall_before_read,  // reads the head of the request and then nothing more
    stall,              // reads the request and never answers
    cut,                // the answer ends after `cut_at` bytes
    reset,              // TCP reset; without `apply` or `late` before the body is read
    close,              // the request is read, the connection closed normally, no answer

    stall_handshake,  // of the next connection: accepts and never answers the TLS handshake
};

enum class fault_body {
    error,   // HubSpot's Error; the real 429, 401, 403 and 477 bodies for these
    object,  // 404: Error with the category OBJECT_NOT_FOUND
    daily,   // 429: the DAILY one
    html,    // the page of a gateway
    empty,   // Content-Length: 0
    custom,  // `text`
};

struct fault {
    fault_kind kind = fault_kind::none;
    unsigned status_code = 0;
    fault_body body = fault_body::error;
    std::string text;
    std::vector<std::pair<std::string, std::string>> headers;
    bool apply = false;                // the changes are applied before the answer
    std::optional<milliseconds> late;  // the changes are applied this long after the answer
    milliseconds delay{0};             // before the answer; drip: before each byte
    std::uint32_t repeat = 1;          // for this many requests in a row
    std::size_t cut_at = 0;
    bool then_close = false;  // the connection is closed after the answer without an announcement

    // Error body; a 3xx gets a Location on another host.
    static fault status(unsigned code);
    static fault html(unsigned code);
    static fault empty(unsigned code);
    static fault custom(unsigned code, std::string body);
    static fault daily_limit();
    static fault batch_status(std::string status);
    static fault of(fault_kind kind);
    static fault reset() { return of(fault_kind::reset); }
    static fault none() { return {}; }

    fault applied() const;
    fault applied_after(milliseconds delay) const;
    fault after(milliseconds delay) const;
    fault with_header(std::string name, std::string value) const;
    fault times(std::uint32_t count) const;

    // The correct answer is computed, and only damaged on the wire.
    bool keeps_answer() const { return kind <= fault_kind::strangers; }
    // The connection ends without a complete answer.
    bool is_silent() const { return kind >= fault_kind::stall_before_read; }
};

// "503", "404-object", "429-daily", "502-html", "500-empty", "pending", "reset", … followed by any of
// "+apply", "+late:500ms", "+delay:1s", "+times:3", "+retry-after:5" (or a date).
base::result<fault> parse_fault(std::string_view text);
std::string name(const fault& f);  // the first part of that text

// "250ms", "2s", "5m", or a number of milliseconds.
base::result<milliseconds> parse_duration(std::string_view text);

// A fault and how likely a request meets it, 0…1.
struct fault_share {
    fault what;
    double share = 0;
};
// "503=0.02,reset+apply=0.01"
base::result<std::vector<fault_share>> parse_fault_shares(std::string_view text);

}  // namespace consent_sync::hubspot_sim
