// Bodies of answers as trees: as HubSpot's schema has them, and spoilt.
#pragma once

#include <string>
#include <vector>

#include "random_hubspot/chance.hpp"
#include "random_hubspot/json_tree.hpp"
#include "random_hubspot/proof.hpp"

namespace consent_sync::random_hubspot {

// One result a change, as asked; optional members are there or not.
node complete_body(const std::vector<asked>& changes, chance& luck);
node result_of(const asked& change, chance& luck);
// An error that names them: in its context by one of many names, in its details, or in its message.
node error_about(const std::vector<asked>& changes, chance& luck);
void add_error(node& body, node error);
// Error: the body of an answer of 400 and above.
node refusal_body(const std::string& category, const std::string& message, chance& luck);

// Does `times` odd things to it. `among`: those who were asked for.
void spoil(node& body, const std::vector<asked>& among, std::int64_t times, chance& luck);

// As text: with escapes and spaces where they may stand.
std::string write_oddly(const node& body, chance& luck);
// No JSON document any more, or nearly one.
std::string break_text(std::string text, chance& luck);

}  // namespace consent_sync::random_hubspot
