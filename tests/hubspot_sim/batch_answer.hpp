// What the simulator makes of the changes of one request, and the answer that says so.
//
// Pure but for the random engine: the same seed and the same requests give the same answers.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "hubspot_sim/binding.hpp"
#include "hubspot_sim/error_answers.hpp"
#include "hubspot_sim/fault.hpp"
#include "hubspot_sim/options.hpp"

namespace consent_sync::hubspot_sim {

using random_engine = std::mt19937_64;

enum class fate {
    done,    // a result with the status that was asked for
    other,   // a result with another status
    error,   // an error
    absent,  // neither
};

struct change_decision {
    const input* in = nullptr;
    fate what = fate::done;
    bool applied = true;
    bool nulls = false;         // its nullable fields are null
    bool named = true;          // its error names the address
    std::string_view reason;    // setStatusSuccessReason of a result
    std::string_view category;  // of an error
    std::string message;
};

// Some inputs make the whole request fail: the reply, or what happens to the connection.
using whole_refusal = std::variant<reply, fault>;
std::optional<whole_refusal> refuse_whole(const std::vector<input>& inputs, std::string_view correlation);

// Addresses of the pattern `flaky` that have been left out once.
using flaky_addresses = std::unordered_set<std::string>;
// The success reason a change would have; the oracle knows.
using reason_source = std::function<std::string_view(const input&)>;

// Decisions point into `inputs`.
std::vector<change_decision> decide(const std::vector<input>& inputs, const options& o, const reason_source& reason,
                                    flaky_addresses& flaky, random_engine& random);

struct batch_times {
    std::chrono::system_clock::time_point started;
    std::chrono::system_clock::time_point completed;
};
// BatchResponsePublicStatus with the status COMPLETE; with `strangers`, a result and an error nobody asked
// for.
reply batch_reply(const std::vector<change_decision>& decisions, const options& o, const batch_times& times,
                  bool strangers, random_engine& random);
// One without results.
reply empty_batch_reply(std::string_view status, const batch_times& times);

}  // namespace consent_sync::hubspot_sim
