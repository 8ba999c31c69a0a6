// Random answers of a HubSpot that does everything that its schema allows, and more: faults of all kinds at once,
// several in one answer.
//
// What is applied matches what the answer proves: changes that it proves to be done are applied, changes that it proves
// to be refused are not, and the rest is open.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "random_hubspot/chance.hpp"
#include "random_hubspot/json_tree.hpp"
#include "random_hubspot/proof.hpp"

namespace consent_sync::random_hubspot {

enum class fault : std::uint8_t {
    odd_body,       // 200 whose members are missing, null, twice, wrong, and contradict each other
    respelled,      // 200 with the addresses in other spellings
    not_json,       // 200 with a body that is not JSON, or almost JSON
    unclear,        // 2xx without COMPLETE, or without a body
    refused,        // 4xx about the content, for the whole request, without a name
    named,          // the same, naming some requested addresses, or others
    forbidden,      // 403 of every kind
    unauthorized,   // 401
    misconfigured,  // 3xx, 404, 405 and others about the endpoint
    too_large,      // 413
    locked,         // 423
    rate_limited,   // 429 of the rolling limit, or of none that is named
    daily_limited,  // 429 of the day
    moving,         // 477
    unavailable,    // 5xx
    odd_status,     // unknown statuses
    lost,           // the connection breaks, before, in or after the answer
    unreachable,    // no connection
    silent,         // no answer
};
inline constexpr std::size_t fault_count = 19;
std::string_view name(fault f);

struct habits {
    double good = 0.5;                            // share of requests that get a correct answer
    std::array<double, fault_count> weights{};    // of the rest
    double odd_headers = 0;                       // share of answers with strange rate-limit headers
    double retry_after = 0;                       // share of answers of 400 and above with a Retry-After
    bool long_waits = true;                       // whether a Retry-After may be longer than a second
    double respells = 0;                          // share of addresses in good answers that are spelled anew
    std::uint32_t limit = 190;                    // told by the headers of all other answers
    std::chrono::milliseconds late_most{60'000};  // after an unanswered request
    std::chrono::milliseconds delay_most{300};

    double& weight(fault f) { return weights[static_cast<std::size_t>(f)]; }
};
// All faults of `among` with random weights, some of them zero.
habits draw_habits(const std::vector<fault>& among, chance& luck);

// The beginning of an address decides about it in every request: "named-" and "unnamed-" make HubSpot refuse the whole
// request with 400, with and without the address in the answer; "error-" gets an error in the 200.
enum class nature { good, named, unnamed, error };
nature nature_of(std::string_view address);

struct drawn {
    enum class way {
        answered,
        cut,          // the connection breaks after `cut_at` bytes of the answer
        lost,         // … after the request was read
        dead,         // … before it was read
        silent,       // the client has to give up
        unreachable,  // there is no connection at all
    };
    way how = way::answered;
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::size_t cut_at = 0;
    std::chrono::milliseconds delay{0};
    // For each change: how long after the request it is applied; nothing: never.
    std::vector<std::optional<std::chrono::milliseconds>> applied;
    std::optional<fault> of;  // nothing: a good answer

    std::string bytes() const;  // as HTTP/1.1 has it
};

// `now`: HubSpot's clock, in seconds since 1970.
drawn draw_answer(const std::vector<asked>& changes, const habits& h, std::int64_t now, chance& luck);
drawn good_answer(const std::vector<asked>& changes, const habits& h, std::int64_t now, chance& luck);

}  // namespace consent_sync::random_hubspot
