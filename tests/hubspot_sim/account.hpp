// The simulated HubSpot account: its limits, tokens, stored statuses, script of faults, and the oracle.
//
// Everything here is behind one mutex: sessions call it from the simulator's thread, tests from theirs. No
// I/O but the oracle file, no waiting but wait_until().
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "hubspot_sim/adversary.hpp"
#include "hubspot_sim/batch_answer.hpp"
#include "hubspot_sim/error_answers.hpp"
#include "hubspot_sim/fault.hpp"
#include "hubspot_sim/options.hpp"
#include "hubspot_sim/oracle.hpp"
#include "hubspot_sim/rate_window.hpp"

namespace consent_sync::hubspot_sim {

struct request_head {
    std::string method;
    std::string target;
    std::string authorization;
    std::string content_type;
    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
    std::string_view query() const {
        const std::size_t at = target.find('?');
        return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
    }
};

inline constexpr std::string_view write_path = "/communication-preferences/v4/statuses/batch/write";

// One request for the batch write on its way through the account.
struct exchange {
    std::uint64_t number = 0;
    fault what;
    std::optional<reply> refusal;  // the answer is already decided, and nothing is applied
    std::vector<input> inputs;
    std::vector<std::string> keys;            // in flight because of this request
    std::vector<input> late;                  // to be applied `what.late` after the answer
    std::optional<std::vector<bool>> chosen;  // what the adversary applies of `inputs`
    std::string correlation;
    std::vector<std::pair<std::string, std::string>> headers;  // rate limits
    std::chrono::system_clock::time_point started;
    bool released = false;
    unsigned status = 0;  // what was answered
};

// What was answered to a batch write, byte for byte.
struct answer_record {
    std::uint64_t request = 0;
    std::vector<input> inputs;
    unsigned status = 0;
    std::string body;
    bool whole = false;  // the whole answer was to be sent
};

// Where a request came from.
struct origin {
    std::uint64_t connection = 0;
    int socket = -1;
};

class account {
  public:
    explicit account(options o);

    // The steps of a batch write, in this order. Call `begin` when the head is complete; that is the arrival.
    exchange begin(const request_head& head, const origin& from);
    void receive(exchange& e, const request_head& head, const origin& from, std::string_view body);
    milliseconds latency(const exchange& e);
    bool cuts_idle_connections();  // whether now; the adversary decides
    reply answer(exchange& e);     // applies changes as required
    void apply_late(std::uint64_t request, const std::vector<input>& inputs);
    void release(exchange& e);  // from here on the client may know the answer
    void end(exchange& e);      // before the socket is closed

    // All other endpoints except /sim/. The fault is for the delivery of the reply.
    std::pair<fault, reply> serve_other(const request_head& head, std::string_view body);
    void connection_opened();
    void connection_closed();
    bool take_handshake_stall();

    // For tests and the control endpoints; from any thread.
    void script(std::vector<fault> faults);        // for the next requests, before any by chance
    void script_token(std::vector<fault> faults);  // for the next token requests
    void clear_script();
    base::result<void> set(std::string_view name, std::string_view value);
    void change(const std::function<void(options&)>& how);
    options settings() const;
    counter_values counters() const;
    void read(const std::function<void(const oracle&)>& reader) const;
    bool wait_until(const std::function<bool(const counter_values&)>& reached, milliseconds limit) const;
    std::int64_t now_ms() const;
    base::result<void> open_files(const std::string& oracle_file, const std::string& answers_file);
    std::vector<answer_record> answers() const;

  private:
    struct key_in_flight {
        std::uint64_t request = 0;
        int socket = -1;
    };

    std::string make_uuid();
    fault take_fault();
    std::optional<reply> check_token(const request_head& head, std::string_view correlation);
    std::optional<reply> check_limits(std::string_view correlation);
    std::optional<reply> check_inputs(exchange& e, std::string_view body);
    std::vector<std::pair<std::string, std::string>> rate_headers();
    void track_keys(exchange& e, const origin& from);
    reply decide_answer(exchange& e);
    void apply_chosen(exchange& e);
    void keep_answer(const exchange& e, const reply& r);
    reply true_answer(exchange& e, bool with_results);
    std::uint64_t token_id(std::string_view authorization);
    reply refresh_token(std::string_view form);
    reply account_details() const;
    reply daily_usage() const;
    reply subscription_definitions() const;
    counter_values counters_locked() const;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    // All below is protected by mutex_.
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    options options_;
    random_engine random_;
    oracle oracle_;
    rate_window window_;
    std::deque<fault> script_;
    std::deque<fault> token_script_;
    std::uint32_t handshake_stalls_ = 0;
    flaky_addresses flaky_;
    std::optional<adversary> adversary_;
    std::uint64_t adversary_seed_ = 0;  // of that one
    std::vector<answer_record> answers_;
    std::ofstream answers_file_;
    std::unordered_map<std::string, key_in_flight> in_flight_;
    std::unordered_map<std::string, std::uint64_t> token_ids_;
    std::unordered_map<std::string, std::int64_t> issued_tokens_;  // by OAuth: when they expire
};

}  // namespace consent_sync::hubspot_sim
