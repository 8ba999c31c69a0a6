// Everything that can be configured, as plain structs with units and defaults. The loader (config/loader.hpp)
// fills them from the file; what a key may be is in config/keys.cpp, in the schema and in
// lib/config/README.md. A settings object that came from the loader keeps all of these bounds, has absolute
// paths, and inbox.dir and inbox.work_dir set.
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
    std::string dir;                       // default: <state_dir>/inbox
    std::string work_dir;                  // processing, done, refused are below it; default: <state_dir>.
                                           // Must be on the inbox's file system
    milliseconds settle{2'000};            // a file that was not renamed into place is taken after this stillness
    milliseconds rescan{30'000};           // how often the folder is listed, whatever inotify says
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
        105'000};  // from the first byte written to the last byte read; HubSpot's edge gives up at 100 s
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
    std::uint32_t max_changes = 100;  // changes one request carries at most
    milliseconds max_wait{1'000};     // a batch that is not full leaves when its oldest change has waited so long
};

struct limit_settings {
    std::optional<std::uint32_t> requests;  // requests an interval; nothing: learnt from HubSpot's headers
    milliseconds interval{10'000};
    std::optional<std::uint64_t> daily;  // requests a day; nothing: learnt from HubSpot's headers
    double daily_reserve = 0.10;         // share of the daily budget that bulk leaves to others and to opt-outs
    std::string time_zone;               // of the account, an IANA name; empty: auto
    std::uint32_t max_connections = 192;
};

struct retry_settings {
    milliseconds initial{500};  // the first backoff
    milliseconds max{60'000};   // of one backoff
    std::uint32_t max_attempts = 8;
    milliseconds late_write_window{600'000};
};

// What a column that a file does not have means.
struct default_settings {
    consent::channel channel = consent::channel::email;
    std::optional<consent::status_state> state;
    std::optional<std::int64_t> subscription;
    std::optional<consent::legal_basis> basis;
    std::optional<std::string> explanation;
};

// What stands where one file, or files that arrived together, say opposite things of one person.
enum class contradiction_rule {
    opt_out,  // the opt-out, wherever it is
    last,     // what comes last
};

struct rule_settings {
    bool require_legal_basis = false;  // of SUBSCRIBED only
    std::chrono::hours duplicate_window{24 * 30};
    std::optional<std::uint64_t> hold_above_rows;  // hold_above: 5000
    std::optional<double> hold_above_share;        // hold_above: "20%"
    std::vector<std::int64_t> unsubscribe_all;     // the subscriptions that an opt-out without one means
    contradiction_rule contradictions = contradiction_rule::opt_out;
    std::vector<std::string> ignore_columns;       // names of columns that say nothing about consent
    bool known_subscriptions = false;              // "auto": ask HubSpot which there are; others are invalid
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
    std::string state_dir = "/var/lib/consent-sync";  // everything else lies below it
    inbox_settings inbox;
    hubspot_settings hubspot;
    batch_settings batch;
    limit_settings limits;
    retry_settings retry;
    default_settings defaults;
    rule_settings rules;
    keep_settings keep;
    log_settings log;
    milliseconds stop_grace{20'000};                // how long a stop lets requests in flight end
    std::string monitor_listen = "127.0.0.1:9464";  // empty: none
    std::vector<std::string> monitor_hosts;         // names beside the machine's own by which it may be asked
    std::string control_socket;                     // empty: control.sock in $RUNTIME_DIRECTORY, else in state_dir
};

}  // namespace consent_sync::config
