// Which changes of a refused batch the refusal itself names: hints for whoever cuts the batch, never a
// verdict.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "consent/change.hpp"
#include "hubspot/body_reader.hpp"

namespace consent_sync::hubspot {

// Indices, sorted, each once: of the changes whose address is in a message or a context value, and of the
// inputs that are named by their place ("inputs[17]", "inputs/17", "inputs.17",
// `["inputs"]->java.util.ArrayList[17]`). If there are none: of the changes with a subscription that a
// context names. All or none of the batch is no hint: empty.
std::vector<std::uint32_t> find_suspects(std::span<const consent::change> batch, const answer_body& body);

}  // namespace consent_sync::hubspot
