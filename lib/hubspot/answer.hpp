// What came back for one attempt, as the pure parts see it: an HTTP answer, or why there was none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace consent_sync::hubspot {

// Why an attempt has no HTTP answer.
enum class no_answer {
    name_lookup_failed,
    connect_failed,
    connect_timeout,
    tls_failed,  // also a certificate that does not verify
    tls_timeout,
    proxy_refused,
    request_timeout,  // written, or partly written; no complete answer in time
    connection_lost,  // reset or closed before the answer was complete
    bad_answer,       // not HTTP, over a limit, or a body that breaks off
    cancelled,        // a stop cut it
};

std::string_view name(no_answer why);  // "request_timeout": the word in logs and reports

// The headers that mean something to the daemon, as HubSpot sent them. Absent: nullopt.
struct answer_headers {
    std::optional<std::string> retry_after;         // Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3)
    std::optional<std::string> correlation_id;      // X-HubSpot-Correlation-Id
    std::optional<std::int64_t> limit_max;          // X-HubSpot-RateLimit-Max
    std::optional<std::int64_t> limit_remaining;    // X-HubSpot-RateLimit-Remaining
    std::optional<std::int64_t> limit_interval_ms;  // X-HubSpot-RateLimit-Interval-Milliseconds
    std::optional<std::int64_t> daily_max;          // X-HubSpot-RateLimit-Daily
    std::optional<std::int64_t> daily_remaining;    // X-HubSpot-RateLimit-Daily-Remaining
};

struct answer {
    std::optional<no_answer> failure;  // set: there is no status
    std::string failure_detail;        // for the log: the step and the system's or OpenSSL's words
    bool written = false;              // at least a part of the request left this machine: HubSpot may have it
    // The connection had been idle, and ended before an answer came: HubSpot did not fail; it may have the request.
    bool idle_connection_died = false;
    unsigned status = 0;
    answer_headers headers;
    std::string body;
};

}  // namespace consent_sync::hubspot
