// HubSpot's error answers, word for word where they have been seen live.
//
// The 429 has its own shape (errorType, policyName), a body that does not bind has neither category nor
// correlationId, and not every 403 has a category: all of that is as HubSpot does it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hubspot_sim/fault.hpp"

namespace consent_sync::hubspot_sim {

struct reply {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;  // without Content-Type and Content-Length
    std::string body;
    std::string content_type = "application/json;charset=utf-8";
};

reply error_reply(unsigned status, std::string_view category, std::string_view message, std::string_view correlation);
reply invalid_json_reply(std::string_view message);
reply not_found_reply(std::string_view target, std::string_view correlation);
reply unauthorized_reply(std::string_view correlation);
reply expired_reply(std::string_view correlation);
reply missing_scope_reply(std::string_view scope, std::string_view correlation);
reply forbidden_reply(std::string_view correlation);  // without a category
reply rolling_limit_reply(std::string_view correlation);
reply daily_limit_reply(std::string_view correlation, std::string_view request_id);
reply invalid_grant_reply();

// The answer of a fault of the kind `answer`.
reply reply_of(const fault& f, std::string_view correlation);

}  // namespace consent_sync::hubspot_sim
