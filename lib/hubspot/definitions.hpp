// The subscriptions of the account: the answer to GET /communication-preferences/v4/definitions. Pure.
//
// Source: ActionResponseWithResultsSubscriptionDefinition in HubSpot's OpenAPI file. There an id is a string,
// while batch/write wants the same id as a number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace consent_sync::hubspot {

inline constexpr const char* definitions_path = "/communication-preferences/v4/definitions";

struct subscription_definition {
    std::int64_t id = 0;
    std::string name;    // cut to `definition_name_bytes_max`
    bool active = true;  // isActive; absent: true, so that silence never makes a row invalid
};
inline constexpr std::size_t definition_name_bytes_max = 256;

// Sorted by id. Rows become invalid if their subscription is not in the list. So a list is accepted only if it is whole
// and well-formed: COMPLETE, without errors, the only page, at least one subscription, each with a number as its id,
// each id and each member once. Error: invalid_input, with what is odd.
base::result<std::vector<subscription_definition>> parse_definitions(std::string_view body);

}  // namespace consent_sync::hubspot
