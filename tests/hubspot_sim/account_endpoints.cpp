// The endpoints beside the batch write: OAuth tokens, subscription definitions, account details.
#include "hubspot_sim/account.hpp"
#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {

std::pair<fault, reply> account::serve_other(const request_head& head, std::string_view body) {
    const std::lock_guard lock(mutex_);
    const std::string correlation = make_uuid();
    const std::string path(head.path());
    fault what;
    reply r;
    if (path.starts_with("/oauth/") && path.ends_with("/token")) {
        if (!token_script_.empty()) {
            what = token_script_.front();
            if (--token_script_.front().repeat == 0) token_script_.pop_front();
        }
        if (what.kind == fault_kind::answer) {
            r = reply_of(what, correlation);
        } else if (head.method != "POST") {
            r = error_reply(405, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed", correlation);
        } else if (what.keeps_answer()) {
            r = refresh_token(body);
        }
    } else if (const bool details = path == "/account-info/v3/details",
               usage = path == "/account-info/v3/api-usage/daily/private-apps";
               details || usage || path == "/communication-preferences/v4/definitions") {
        if (auto refused = check_token(head, correlation)) {
            r = std::move(*refused);
        } else if (auto limited = check_limits(correlation)) {
            r = std::move(*limited);
        } else if (!details && !usage && !options_.may_read_definitions) {
            r = error_reply(403, "MISSING_SCOPES",
                            "This app hasn't been granted all required scopes to make this call.", correlation);
        } else {
            r = details ? account_details() : usage ? daily_usage() : subscription_definitions();
        }
        for (auto& header : rate_headers()) r.headers.push_back(std::move(header));
    } else {
        r = not_found_reply(path, correlation);
    }
    r.headers.emplace_back("X-HubSpot-Correlation-Id", correlation);
    return {std::move(what), std::move(r)};
}

reply account::refresh_token(std::string_view form) {
    if (form_value(form, "grant_type") != "refresh_token") {
        reply r;
        r.status = 400;
        r.body =
            R"({"error":"unsupported_grant_type","status":"BAD_GRANT_TYPE","message":"grant_type must be refresh_token"})";
        return r;
    }
    const bool id_known = form_value(form, "client_id") == options_.client_id;
    if (!id_known || form_value(form, "client_secret") != options_.client_secret) {
        reply r;
        r.status = 400;
        r.body = std::string(R"({"error":"invalid_client","status":")") +
                 (id_known ? "BAD_CLIENT_SECRET" : "BAD_CLIENT_ID") + R"(","message":"missing or unknown client"})";
        return r;
    }
    if (form_value(form, "refresh_token") != options_.refresh_token) return invalid_grant_reply();

    ++oracle_.counters.token_refreshes;
    if (options_.rotate_refresh_token) options_.refresh_token = "sim-refresh-" + make_uuid();
    // As long as HubSpot's tokens can be: clients have to allow 512 characters and more.
    std::string access = "CN" + make_uuid();
    while (access.size() < 512) access += make_uuid();
    issued_tokens_[access] = now_ms() + options_.expires_in.count();
    changed_.notify_all();

    reply r;
    r.body = "{\"token_type\":\"bearer\",\"token_use\":\"access_token\",\"access_token\":" + quoted(access) +
             ",\"refresh_token\":" + quoted(options_.refresh_token) +
             ",\"expires_in\":" + std::to_string(options_.expires_in.count() / 1000) +
             ",\"hub_id\":6748263,\"scopes\":[\"oauth\",\"communication_preferences.statuses.batch.write\"]}";
    return r;
}

reply account::account_details() const {
    reply r;
    r.body = "{\"portalId\":6748263,\"accountType\":\"STANDARD\",\"timeZone\":" + quoted(options_.time_zone) +
             ",\"companyCurrency\":\"USD\",\"additionalCurrencies\":[],\"utcOffset\":\"-05:00\","
             "\"utcOffsetMilliseconds\":-18000000,\"uiDomain\":\"app.hubspot.com\",\"dataHostingLocation\":"
             "\"na1\"}";
    return r;
}

reply account::daily_usage() const {
    const auto now = std::chrono::system_clock::now();
    reply r;
    r.body = "{\"results\":[{\"name\":\"private-apps-api-calls-daily\",\"usageLimit\":" +
             std::to_string(options_.daily_limit) + ",\"currentUsage\":" + std::to_string(options_.daily_used) +
             ",\"collectedAt\":" + quoted(format_time(now)) + ",\"fetchStatus\":\"SUCCESS\",\"resetsAt\":" +
             quoted(format_time(std::chrono::ceil<std::chrono::days>(now))) + "}]}";
    return r;
}

reply account::subscription_definitions() const {
    std::vector<std::int64_t> ids = options_.known_subscriptions;
    if (ids.empty()) ids.assign(1, 530858989);
    reply r;
    if (!options_.definitions.empty()) {
        r.body = options_.definitions;
        return r;
    }
    r.body = "{\"status\":\"COMPLETE\",\"results\":[";
    for (const std::int64_t id : ids) {
        if (r.body.back() != '[') r.body.push_back(',');
        r.body += "{\"id\":\"" + std::to_string(id) +
                  "\",\"name\":\"Customer Service Communication\",\"description\":\"Feedback and surveys\","
                  "\"purpose\":\"Customer Service\",\"communicationMethod\":\"Email\",\"isActive\":true,"
                  "\"isDefault\":true,\"isInternal\":false,\"businessUnitId\":0,"
                  "\"createdAt\":\"2024-01-08T06:34:39.478Z\",\"updatedAt\":\"2024-01-08T06:34:39.478Z\"}";
    }
    r.body += "],\"startedAt\":" + quoted(format_time(std::chrono::system_clock::now())) +
              ",\"completedAt\":" + quoted(format_time(std::chrono::system_clock::now())) + "}";
    return r;
}

}  // namespace consent_sync::hubspot_sim
