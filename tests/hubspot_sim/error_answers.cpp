#include "hubspot_sim/error_answers.hpp"

#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

std::string opening(std::string_view message, std::string_view correlation) {
    return "{\"status\":\"error\",\"message\":" + quoted(message) + ",\"correlationId\":" + quoted(correlation);
}

reply json_reply(unsigned status, std::string body) {
    reply r;
    r.status = status;
    r.body = std::move(body);
    return r;
}

std::string_view html_title(unsigned status) {
    switch (status) {
        case 502: return "Bad Gateway";
        case 503: return "Service Temporarily Unavailable";
        case 504: return "Gateway Time-out";
        case 524: return "A timeout occurred";
        default: return "Error";
    }
}

reply html_reply(unsigned status) {
    const std::string title = std::to_string(status) + " " + std::string(html_title(status));
    reply r =
        json_reply(status, "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
                               "</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n");
    r.content_type = "text/html";
    return r;
}

std::string_view category_of(unsigned status) {
    switch (status) {
        case 400:
        case 422: return "VALIDATION_ERROR";
        case 404: return "NOT_FOUND";
        case 409: return "CONFLICT";
        case 413: return "REQUEST_TOO_LARGE";
        case 423: return "LOCKED";
        case 477: return "MIGRATION_IN_PROGRESS";
        default: return status >= 500 ? "INTERNAL_ERROR" : "VALIDATION_ERROR";
    }
}

// The Error body that HubSpot gives with this status.
reply natural_reply(unsigned status, std::string_view correlation) {
    switch (status) {
        case 401: return unauthorized_reply(correlation);
        case 403: return forbidden_reply(correlation);
        case 429: return rolling_limit_reply(correlation);
        case 477:
            return error_reply(477, category_of(477), "The account is being moved to another data center.",
                               correlation);
        default:
            return error_reply(status, category_of(status), "HubSpot answers " + std::to_string(status), correlation);
    }
}

bool has_header(const reply& r, std::string_view name) {
    for (const auto& [known, value] : r.headers) {
        if (known == name) return true;
    }
    return false;
}

}  // namespace

reply error_reply(unsigned status, std::string_view category, std::string_view message, std::string_view correlation) {
    return json_reply(status, opening(message, correlation) + ",\"category\":" + quoted(category) + "}");
}

reply invalid_json_reply(std::string_view message) {
    return json_reply(400, "{\"status\":\"error\",\"message\":" + quoted(message) + "}");
}

reply not_found_reply(std::string_view target, std::string_view correlation) {
    return error_reply(404, "NOT_FOUND", "There is no resource at " + std::string(target), correlation);
}

reply unauthorized_reply(std::string_view correlation) {
    return error_reply(
        401, "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
        "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        correlation);
}

reply expired_reply(std::string_view correlation) {
    return json_reply(401, opening("The OAuth token used to make this call expired 75 second(s) ago.", correlation) +
                               ",\"category\":\"EXPIRED_AUTHENTICATION\","
                               "\"context\":{\"expire time\":[\"2022-06-21T10:37:52.040Z\"]}}");
}

reply missing_scope_reply(std::string_view scope, std::string_view correlation) {
    const std::string_view message =
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
        "here: "
        "https://developers.hubspot.com/scopes.";
    return json_reply(403, opening(message, correlation) +
                               ",\"errors\":[{\"message\":\"One or more of the following scopes are required.\","
                               "\"context\":{\"requiredGranularScopes\":[" +
                               quoted(scope) +
                               "]}}],\"links\":{\"scopes\":\"https://developers.hubspot.com/scopes\"},"
                               "\"category\":\"MISSING_SCOPES\"}");
}

reply forbidden_reply(std::string_view correlation) {
    return json_reply(403,
                      opening("You do not have permissions to update communication preferences", correlation) + "}");
}

reply rolling_limit_reply(std::string_view correlation) {
    return json_reply(429, opening("You have reached your ten_secondly_rolling limit.", correlation) +
                               ",\"errorType\":\"RATE_LIMIT\",\"policyName\":\"TEN_SECONDLY_ROLLING\","
                               "\"groupName\":\"publicapi:private_app-api-calls-ten-secondly:5848098:6748263\"}");
}

reply daily_limit_reply(std::string_view correlation, std::string_view request_id) {
    return json_reply(
        429, opening("You have reached your daily limit.", correlation) +
                 ",\"errorType\":\"RATE_LIMIT\",\"policyName\":\"DAILY\",\"requestId\":" + quoted(request_id) + "}");
}

reply invalid_grant_reply() {
    return json_reply(400,
                      "{\"error\":\"invalid_grant\",\"error_description\":\"refresh token is invalid, expired or "
                      "revoked\",\"status\":\"BAD_REFRESH_TOKEN\",\"message\":\"missing or invalid refresh token\"}");
}

reply reply_of(const fault& f, std::string_view correlation) {
    reply r;
    switch (f.body) {
        case fault_body::error: r = natural_reply(f.status_code, correlation); break;
        case fault_body::object:
            r = error_reply(f.status_code, "OBJECT_NOT_FOUND", "The object was not found.", correlation);
            break;
        case fault_body::daily: r = daily_limit_reply(correlation, correlation); break;
        case fault_body::html: r = html_reply(f.status_code); break;
        case fault_body::empty: break;
        case fault_body::custom: r.body = f.text; break;
    }
    r.status = f.status_code;
    for (const auto& header : f.headers) r.headers.push_back(header);
    if (f.status_code == 477 && !has_header(r, "Retry-After")) r.headers.emplace_back("Retry-After", "86400");
    return r;
}

}  // namespace consent_sync::hubspot_sim
