// Everything that can be configured, as plain structs with units and defaults. The loader (config/loader.hpp) fills
// them from the file. The allowed values are in config/keys.cpp, in the schema and in lib/config/README.md. A settings
// object from the loader is within these bounds; its paths are absolute, and inbox.dir and inbox.work_dir are set.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "consent/change.hpp"

namespace consent_sync::config {

using std::chrono::milliseconds;

struct inbox_settings {
    std::string dir;              // default: <state_dir>/inbox
    std::string work_dir;         // parent of processing, done and refused; default: <state_dir>.
                                  // Must be on the inbox's file system
    milliseconds settle{2'000};   // a file that was not renamed into place is taken when unchanged for this time
    milliseconds rescan{30'000};  // how often the inbox is listed, independent of inotify
    std::uint64_t max_bytes = 4ULL << 30;  // a larger file is refused
};

struct oauth_settings {
    std::string client_id;
    std::string client_secret_file;  // default: the systemd credential "hubspot-client-secret"
    std::string refresh_token_file;  // default: the systemd credential "hubspot-refresh-token"
    std::string path = "/oauth/v3/token";
};

struct timeout_settings {
    milliseconds connect{10'000};
    milliseconds tls{10'000};
    milliseconds request{
        105'000};  // from the first byte written to the last byte read; HubSpot's edge gives up after 100 s
};

struct hubspot_settings {
    std::string base_url = "https://api.hubapi.com";
    std::string path = "/communication-preferences/v4/statuses/batch/write";
    std::string token_file;               // default: the systemd credential "hubspot-token"; empty with oauth
    std::optional<oauth_settings> oauth;  // instead of token_file
    std::string ca_file;                  // empty: the system's certificates
    std::string proxy;                    // empty: HTTPS_PROXY; "none"; http://[user:password@]host[:port]
    timeout_settings timeouts;
};

struct batch_settings {
    std::uint32_t max_changes = 100;  // the most changes that one request carries
    milliseconds max_wait{1'000};     // a batch that is not full is sent when its oldest change has waited this long
};

struct limit_settings {
    std::optional<std::uint32_t> requests;  // requests per interval; nothing: the limit in HubSpot's headers
    milliseconds interval{10'000};
    std::optional<std::uint64_t> daily;  // requests per day; nothing: the limit in HubSpot's headers
    double daily_reserve = 0.10;         // share of the daily budget left to other programs and to opt-outs
    std::string time_zone;               // the account's, an IANA name; empty: auto
    std::uint32_t max_connections = 192;
};

struct retry_settings {
    milliseconds initial{500};  // the first backoff
    milliseconds max{60'000};   // the longest backoff
    std::uint32_t max_attempts = 8;
    milliseconds late_write_window{600'000};
};

// Values for columns that a file does not have.
struct default_settings {
    consent::channel channel = consent::channel::email;
    std::optional<consent::status_state> state;
    std::optional<std::int64_t> subscription;
    std::optional<consent::legal_basis> basis;
    std::optional<std::string> explanation;
};

// Which row wins if one file, or files that arrived together, contradict each other about one person.
enum class contradiction_rule {
    opt_out,  // the opt-out, wherever it is
    last,     // the last one
};

struct rule_settings {
    bool require_legal_basis = false;  // for SUBSCRIBED only
    std::chrono::hours duplicate_window{24 * 30};
    std::optional<std::uint64_t> hold_above_rows;  // hold_above: 5000
    std::optional<double> hold_above_share;        // hold_above: "20%"
    std::vector<std::int64_t> unsubscribe_all;     // the subscriptions that an opt-out without one applies to
    contradiction_rule contradictions = contradiction_rule::opt_out;
    std::vector<std::string> ignore_columns;  // names of columns that do not tell who may be mailed
    bool known_subscriptions = false;         // "auto": ask HubSpot for the list; rows of others are invalid
};

struct keep_settings {
    std::chrono::hours done{24 * 30};
    std::chrono::hours reports{24 * 400};
    std::chrono::hours ledger{24 * 400};
};

struct log_settings {
    base::log_format format = base::log_format::automatic;
    base::level level = base::level::info;
};

struct settings {
    std::string account = "default";                  // the name in logs, metrics and reports
    std::string state_dir = "/var/lib/consent-sync";  // everything else is below it
    inbox_settings inbox;
    hubspot_settings hubspot;
    batch_settings batch;
    limit_settings limits;
    retry_settings retry;
    default_settings defaults;
    rule_settings rules;
    keep_settings keep;
    log_settings log;
    milliseconds stop_grace{20'000};                // how long a stop waits for requests in flight
    std::string monitor_listen = "127.0.0.1:9464";  // empty: none
    std::vector<std::string> monitor_hosts;         // further host names for the monitor
    std::string control_socket;                     // empty: control.sock in $RUNTIME_DIRECTORY, else in state_dir
};

}  // namespace consent_sync::config
