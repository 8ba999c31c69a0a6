// Bodies of answers as trees: valid by HubSpot's schema, and damaged ones.
#pragma once

#include <string>
#include <vector>

#include "random_hubspot/chance.hpp"
#include "random_hubspot/json_tree.hpp"
#include "random_hubspot/proof.hpp"

namespace consent_sync::random_hubspot {

// One result per change, as requested; optional members may be missing.
node complete_body(const std::vector<asked>& changes, chance& luck);
node result_of(const asked& change, chance& luck);
// An error that names them: in its context by one of many names, in its details, or in its message.
node error_about(const std::vector<asked>& changes, chance& luck);
void add_error(node& body, node error);
// Error: the body of an answer of 400 and above.
node refusal_body(const std::string& category, const std::string& message, chance& luck);

// Makes `times` odd changes. `among`: the requested changes.
void spoil(node& body, const std::vector<asked>& among, std::int64_t times, chance& luck);

// As text, with escapes and white space wherever allowed.
std::string write_oddly(const node& body, chance& luck);
// A text that is no longer JSON, or almost JSON.
std::string break_text(std::string text, chance& luck);

}  // namespace consent_sync::random_hubspot
