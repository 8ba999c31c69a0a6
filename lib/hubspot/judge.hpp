// Judges one answer: what it says of each change of the batch, by key, and of the batch as a whole.
//
// Pure. Facts: HubSpot's OpenAPI (BatchResponsePublicStatus, StandardError, Error) and its error-handling page, whose
// fields "should all be treated as optional in any error parsing". An HTTP 200 by itself proves nothing. Which status
// means what, and why, is in README.md; how contradictions within one answer are decided, in match.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "consent/change.hpp"
#include "hubspot/answer.hpp"
#include "hubspot/body_reader.hpp"
#include "hubspot/judgement.hpp"

namespace consent_sync::hubspot {

// HubSpot's Error: an object with a category, with the scopes it wants, or with a message and a correlation id or
// "status":"error". HubSpot's pages call every field optional, and real bodies lack some.
bool is_hubspot_error(const answer_body& body);

// What an HTTP status and the body's own words say of a batch as a whole: the table in README.md.
answer_kind classify(unsigned status, const answer_body& body);

// Which changes of a refused batch the refusal names. They are hints for splitting the batch, never a verdict.
//
// Indices, sorted, each once: of the changes whose address is in a message or a context value, and of the inputs that
// are named by their place ("inputs[17]", "inputs/17", "inputs.17", `["inputs"]->java.util.ArrayList[17]`). If there
// are none: of the changes with a subscription that a context names. All of the batch is no hint: empty.
std::vector<std::uint32_t> find_suspects(std::span<const consent::change> batch, const answer_body& body);

// `batch` in the order it was encoded; no key twice. `now` turns a Retry-After date into a duration.
judgement judge(std::span<const consent::change> batch, const answer& a, base::wall_time now);

}  // namespace consent_sync::hubspot
