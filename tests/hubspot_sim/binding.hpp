// Binds the body of a batch write to its inputs as strictly as HubSpot's JSON binding does.
//
// A body that does not bind is refused as a whole with "Invalid input JSON on line L, column C: …" (text seen
// live, hubspot-api-ruby issue 170). The words are separate from the daemon's on purpose, so that the two check
// each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace consent_sync::hubspot_sim {

// PublicStatusRequest. Views point to words with static storage.
struct input {
    std::string subscriber;  // as sent
    std::int64_t subscription = 0;
    std::string_view channel;
    std::string_view status;
    std::string_view basis;  // empty: absent
    std::optional<std::string> explanation;
};

// The message of the error is the answer.
base::result<std::vector<input>> bind_inputs(std::string_view body);

// What identifies a stored status: "address\nsubscription\nchannel" with the address in lower case.
std::string key_of(std::string_view subscriber, std::int64_t subscription, std::string_view channel);
inline std::string key_of(const input& in) { return key_of(in.subscriber, in.subscription, in.channel); }
// ASCII only, white space at both ends removed.
std::string lower_address(std::string_view address);

// Where the n-th object of "inputs" begins; 0 if it cannot be found. For the column in the message.
std::size_t offset_of_input(std::string_view body, std::size_t index);

}  // namespace consent_sync::hubspot_sim
