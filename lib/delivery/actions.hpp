// What the engine asks of the world, and what it tells it. The service performs these; so does the simulation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "delivery/lanes.hpp"
#include "ledger/records.hpp"

namespace consent_sync::delivery {

using step_number = std::uint64_t;

// To be put on disk as one transaction, in the order of the numbers; then engine::on_committed(number).
struct ledger_step {
    step_number number = 0;
    ledger::ledger_change change;
};

// To be read from the ledger after all steps named before it; then engine::on_fetched(…).
struct fetch_request {
    enum class kind : std::uint8_t { opt_outs, bulk, released, deferred, assertions, older };
    kind what = kind::bulk;
    consent::place after;                // opt_outs, bulk, released
    consent::place to;                   // opt_outs, bulk, released
    consent::key_hash hash = 0;          // deferred
    std::vector<consent::place> places;  // assertions; older: what holds for the keys of these rejected changes
    std::size_t most = 0;
};
struct fetch_result {
    fetch_request request;
    ledger::fetched found;
    bool complete = false;  // deferred: nothing of the key is left in the ledger's deferred table
};

// One request to write. `changes` stays valid until the attempt's on_answer().
struct send {
    ledger::attempt_id attempt = 0;
    const std::vector<consent::change>* changes = nullptr;
    bool on_new_connection = false;  // the attempt before ended because an idle connection had died
};

// A line for the log, and for whoever counts.
struct notice {
    base::level at = base::level::info;
    std::string_view event;
    std::vector<base::log_field> fields;
};

// A 401 with the current token: read it again or refresh it, then engine::on_token().
struct token_refused {};

using action = std::variant<notice, ledger_step, fetch_request, send, token_refused>;

// What the parts of the engine bring about, until the engine hands it out.
struct output {
    std::vector<notice> notices;
    std::vector<fetch_request> fetches;
    std::vector<send> sends;
    bool token_refused = false;
    ledger::ledger_change step;                // the next one
    std::vector<ledger::attempt_id> begins;    // of that step
    std::vector<consent::key_hash> free_keys;  // when that step is on disk

    void tell(base::level at, std::string_view event, std::vector<base::log_field> fields) {
        notices.push_back({at, event, std::move(fields)});
    }
};

}  // namespace consent_sync::delivery
