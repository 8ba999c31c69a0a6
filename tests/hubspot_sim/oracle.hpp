// The oracle: what reached the simulator, what it answered, and what it applied, in order.
//
// Not thread-safe by itself: `account` guards it. Times are milliseconds of a steady clock since the
// simulator's start.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "hubspot_sim/binding.hpp"
#include "hubspot_sim/options.hpp"
#include "hubspot_sim/rate_window.hpp"

namespace consent_sync::hubspot_sim {

// One request for the batch write.
struct request_record {
    std::uint64_t number = 0;  // from 1, by arrival of its head
    std::int64_t arrived_ms = 0;
    std::int64_t ended_ms = -1;  // -1: still in flight
    std::uint64_t connection = 0;
    std::uint64_t token = 0;  // an id per distinct token, from 1; 0: none
    unsigned status = 0;      // 0: no answer (yet)
    std::uint32_t changes = 0;
    std::string fault;  // its name; empty: none
    std::string correlation_id;
};

// One change as it arrived or as it was applied.
struct change_record {
    std::uint64_t sequence = 0;  // of the application, from 1; of an arrival: its order
    std::int64_t at_ms = 0;
    std::uint64_t request = 0;
    std::string subscriber;  // lowered
    std::int64_t subscription = 0;
    std::string_view channel;
    std::string_view status;
    std::string_view basis;
    std::optional<std::string> explanation;
    std::string_view reason;  // setStatusSuccessReason; empty for an arrival
};

struct key_state {
    std::string_view status;
    std::string_view basis;
    std::optional<std::string> explanation;
    std::uint64_t sequence = 0;
    std::int64_t at_ms = 0;
    std::uint64_t request = 0;
};

// Violations: what a client of this API must never do.
struct violation_counts {
    std::uint64_t twice_in_request = 0;  // one key twice in one request
    std::uint64_t twice_in_flight = 0;   // one key in two requests in flight
    std::uint64_t sum() const { return twice_in_request + twice_in_flight; }
};

struct counter_values {
    std::uint64_t requests = 0;
    std::uint64_t changes_received = 0;
    std::uint64_t changes_applied = 0;
    std::uint64_t keys = 0;
    std::uint64_t rate_limited = 0;   // 429 of the rolling limit
    std::uint64_t daily_limited = 0;  // 429 of the day
    std::uint64_t in_flight = 0;
    std::uint64_t in_flight_max = 0;
    std::uint64_t in_window_max = 0;  // most requests that arrived within one rolling interval
    std::uint64_t late_pending = 0;   // changes that are still to be applied
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_open = 0;
    std::uint64_t token_refreshes = 0;
    std::uint64_t script_left = 0;
    violation_counts violations;
    std::vector<std::string> violation_texts;    // the first ones
    std::map<unsigned, std::uint64_t> statuses;  // 0: no answer
    std::map<std::string, std::uint64_t> faults;
};

class oracle {
  public:
    // `file` empty: none. An existing one is appended to.
    base::result<void> open_file(const std::string& file);
    void set_level(record_level level) { level_ = level; }

    std::uint64_t begin_request(std::int64_t now_ms, std::int64_t interval_ms, request_record r);
    void receive(std::uint64_t request, std::int64_t now_ms, const std::vector<input>& inputs);
    // `status` 0: no answer.
    void end_request(std::uint64_t request, std::int64_t now_ms, unsigned status);
    void add_violation(std::uint64_t violation_counts::*kind, const std::string& text);

    // The success reason if this were applied now.
    std::string_view reason_for(const input& in) const;
    void apply(std::uint64_t request, std::int64_t now_ms, const std::vector<input>& inputs);

    const std::vector<change_record>& applied() const { return applied_; }
    const std::vector<change_record>& received() const { return received_; }
    const std::vector<request_record>& requests() const { return requests_; }
    const std::unordered_map<std::string, key_state>& states() const { return states_; }

    counter_values counters;

  private:
    request_record* find_request(std::uint64_t number);

    record_level level_ = record_level::full;
    std::vector<change_record> applied_;
    std::vector<change_record> received_;
    std::vector<request_record> requests_;  // by number
    std::unordered_map<std::string, key_state> states_;
    rate_window arrivals_;
    std::ofstream file_;
};

}  // namespace consent_sync::hubspot_sim
