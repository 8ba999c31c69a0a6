// Turns what HubSpot answered into a sentence for the operator: what is wrong, and what to do about it. Pure.
//
// HubSpot's own words follow the sentence, so it may hold what HubSpot echoes: it is for the log, which masks
// addresses. Sources: HubSpot's error-handling page and its usage guidelines; the guide of the communication
// preferences API
// ("You must have a Marketing Hub Enterprise subscription to authorize these scopes"). That a token which
// HubSpot has never seen is reported as one that expired in 1970 was seen in real answers.
#pragma once

#include <string>

#include "hubspot/judgement.hpp"

namespace consent_sync::hubspot {

inline constexpr std::string_view batch_write_scope = "communication_preferences.statuses.batch.write";

// Empty for `judged`: there is nothing to explain.
std::string explain(const judgement& j);

// How many days ago the token expired by HubSpot's message "… expired 20,712 day(s) ago."; -1: it does not
// say so.
std::int64_t expired_days(std::string_view message);

}  // namespace consent_sync::hubspot
