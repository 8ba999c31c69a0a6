// Builds the answer of the fast mode by string search in the request's body, and copying.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace consent_sync::hubspot_sim {

// Writes {"status":"COMPLETE","results":[…],…} for the inputs found in `body` to `to` from `at` on, with
// `timestamp` for all times, and returns where it ends. `to` grows as needed and keeps its size for the next
// time. Requires: `body` is JSON as the API expects; for anything else the answer is arbitrary but bounded.
std::size_t write_fast_answer(std::vector<char>& to, std::size_t at, std::string_view body, std::string_view timestamp);

}  // namespace consent_sync::hubspot_sim
