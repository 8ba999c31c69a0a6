// The refresh of an OAuth access token: the request, the answer, and when it is due. Pure, except that each secret that
// HubSpot hands out is registered, so that no log line can show it.
//
// Source: HubSpot's OAuth pages and OpenAPI file (POST /oauth/v3/token, AccessTokenResponse); RFC 6749, 5.2
// and 6.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "hubspot/answer.hpp"
#include "hubspot/judgement.hpp"

namespace consent_sync::hubspot {

struct oauth_credentials {
    std::string client_id;
    std::string client_secret;
    std::string refresh_token;
};

// application/x-www-form-urlencoded: grant_type, client_id, client_secret, refresh_token.
std::string encode_refresh_request(const oauth_credentials& credentials);

struct token_grant {
    std::string access_token;
    std::chrono::seconds expires_in{0};
    std::optional<std::string> refresh_token;  // HubSpot may replace it: "always use the latest one"
};

enum class token_trouble {
    denied,        // until an operator changes something: a revoked refresh token, a wrong client secret
    rate_limited,  // the token endpoint has limits of its own
    unavailable,   // no answer, 5xx, or an answer without a token
};
std::string_view name(token_trouble trouble);

struct token_failure {
    token_trouble trouble = token_trouble::unavailable;
    refusal_words words;  // category: HubSpot's status ("BAD_REFRESH_TOKEN"), else OAuth's error ("invalid_grant")
    std::optional<std::chrono::milliseconds> retry_after;
};

std::variant<token_grant, token_failure> parse_token_answer(const answer& a, base::wall_time now);

// A sentence for the operator.
std::string explain(const token_failure& failure);

// How long after its grant a token is renewed: at 80 % of its life or 5 minutes before its end, whichever is
// earlier, but never before half of its life, so that a short one is not renewed without end.
std::chrono::milliseconds renewal_delay(std::chrono::seconds expires_in);

}  // namespace consent_sync::hubspot
