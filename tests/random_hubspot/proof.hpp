// What an answer proves about each change that was asked for, read from its bytes alone.
//
// A proof is an answer that says one thing. A result as asked and an error about the same address, a member that
// stands twice, two results that differ prove nothing. This knows nothing of how the daemon reads answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::random_hubspot {

struct asked {
    std::string address;
    std::int64_t subscription = 0;
    std::string state;  // "UNSUBSCRIBED"
};

enum class claim {
    no,
    arguable,  // a careful reader may take it for a proof, or not
    yes,
};

struct what_is_proved {
    claim confirms = claim::no;
    claim refuses = claim::no;  // HubSpot names it as refused, or refuses a request that carried nothing else
    bool other_status = false;  // a result names it with another status
    bool plainly = false;       // confirms by an answer that keeps HubSpot's schema: nobody may fail to see it
};

// One entry for each change of `changes`, in their order.
std::vector<what_is_proved> read_proofs(unsigned status, std::string_view body, const std::vector<asked>& changes);

// What the answer says about one of them, cut to what a person may want to read.
std::string excerpt(std::string_view body, const asked& change);

}  // namespace consent_sync::random_hubspot
