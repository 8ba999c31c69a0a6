// What an answer proves about each requested change, read only from its bytes.
//
// A proof is an unambiguous answer. A result as requested together with an error about the same address, a duplicate
// member, or two different results prove nothing. This does not know how the daemon reads answers.
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
    arguable,  // a careful reader may accept it as a proof, or not
    yes,
};

struct what_is_proved {
    claim confirms = claim::no;
    claim refuses = claim::no;  // HubSpot names it as refused, or refuses a request that carried nothing else
    bool other_status = false;  // a result names it with another status
    bool plainly = false;       // confirms by an answer that follows HubSpot's schema: every reader must accept it
};

// One entry for each change of `changes`, in their order.
std::vector<what_is_proved> read_proofs(unsigned status, std::string_view body, const std::vector<asked>& changes);

// What the answer says about one of them, shortened for people.
std::string excerpt(std::string_view body, const asked& change);

}  // namespace consent_sync::random_hubspot
