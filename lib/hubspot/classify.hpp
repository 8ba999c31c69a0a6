// What an HTTP status and the body's own words say of a batch as a whole. Pure.
#pragma once

#include "hubspot/body_reader.hpp"
#include "hubspot/judge.hpp"

namespace consent_sync::hubspot {

// HubSpot's Error: an object with a category, with the scopes it wants, or with a message and a correlation
// id or "status":"error". HubSpot's pages call every field optional, and real bodies lack some.
bool is_hubspot_error(const answer_body& body);

answer_kind classify(unsigned status, const answer_body& body);

}  // namespace consent_sync::hubspot
