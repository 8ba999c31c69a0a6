// Everything about the simulator that can be set: as a struct, and by name from the command line or POST
// /sim/options.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "hubspot_sim/certificate.hpp"
#include "hubspot_sim/fault.hpp"

namespace consent_sync::hubspot_sim {

enum class tls_version { v1_0, v1_1, v1_2, v1_3 };
enum class echo_case { same, lower, upper, mixed };
enum class record_level {
    none,   // counters only
    state,  // and the last state of each key
    full,   // and every request and change
};

struct options {
    // Fixed at the start.
    std::string bind;        // empty: 127.0.0.1 and, where there is one, ::1
    std::uint16_t port = 0;  // 0: the kernel's choice
    bool plain = false;      // http without TLS
    hubspot_sim::certificate_fault certificate = certificate_fault::none;
    tls_version tls_min = tls_version::v1_2;
    tls_version tls_max = tls_version::v1_3;
    bool fast = false;          // no oracle, no faults, no checks
    std::uint32_t threads = 1;  // fast mode only
    std::string oracle_file;    // applied changes are appended as NDJSON; empty: none
    std::uint64_t seed = 1;
    bool keep_answers = false;  // for answers()
    std::string answers_file;   // what was answered, as NDJSON; empty: none

    // Limits.
    std::uint32_t limit_requests = 190;  // 0: none
    milliseconds limit_interval{10'000};
    std::uint64_t daily_limit = 1'000'000;
    std::uint64_t daily_used = 0;  // counts up with every admitted request
    bool rate_headers = true;
    bool oauth_style = false;  // no daily limit and no daily headers
    bool retry_after = false;  // on 429
    std::uint32_t batch_max = 100;

    // Latency.
    milliseconds latency{0};
    milliseconds jitter{0};          // up to so much more, evenly
    std::uint32_t slow_above = 0;    // requests in flight; 0: never
    milliseconds slow_by{50};        // for each request above
    std::uint32_t refuse_above = 0;  // 503 for what is above; 0: never
    milliseconds idle_timeout{0};    // an idle connection is closed after; 0: never

    // Answers.
    std::uint32_t success_status = 200;  // of an answer without errors
    std::uint32_t errors_status = 200;   // of an answer with errors; 207 is HubSpot's other habit
    echo_case echo = echo_case::lower;
    std::map<std::string, std::string> answers_as;  // address, lowered → what answers call it
    bool shuffle = true;
    std::uint32_t errors_grouped = 1;               // addresses in one error
    bool errors_unattributed = false;               // errors name no address
    bool require_basis = false;                     // a SUBSCRIBED without legalBasis is an error
    std::vector<std::int64_t> known_subscriptions;  // empty: all
    double null_share = 0;                          // of results whose nullable fields are null
    double reject_share = 0;                        // of changes that meet an error by chance
    double missing_share = 0;                       // of changes that are in no answer and not applied
    double other_share = 0;                         // of changes that are answered with another status
    std::vector<fault_share> faults;
    std::uint64_t adversary = 0;  // its seed; 0: none

    // Tokens and OAuth.
    std::vector<std::string> tokens{"pat-na1-00000000-0000-4000-8000-000000000001"};  // accepted
    std::vector<std::string> expired_tokens;
    std::vector<std::string> unscoped_tokens;
    std::string definitions;           // the body of the list of subscriptions; empty: a whole one
    bool may_read_definitions = true;  // false: the tokens lack the scope for the list of subscriptions
    std::string client_id = "sim-client";
    std::string client_secret = "sim-secret";
    std::string refresh_token = "sim-refresh-token";
    milliseconds expires_in{1'800'000};
    bool rotate_refresh_token = false;
    std::string time_zone = "US/Eastern";

    record_level record = record_level::full;
};

// One settable option. `set` refuses what it cannot read.
struct option_entry {
    std::string_view name;   // as on the command line and in JSON: "limit-requests"
    std::string_view value;  // what to put there, for --help; empty: a flag
    std::string_view help;
    bool at_run_time;
    base::result<void> (*set)(options&, std::string_view);
};
std::span<const option_entry> option_entries();

base::result<void> set_option(options& o, std::string_view name, std::string_view value, bool running);

}  // namespace consent_sync::hubspot_sim
