#include "hubspot/oauth.hpp"

#include <algorithm>
#include <array>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "base/log.hpp"
#include "base/redact.hpp"
#include "hubspot/json_object.hpp"
#include "hubspot/retry_after.hpp"
#include "hubspot/secret_file.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono;

constexpr seconds usual_life{1'800};  // HubSpot: "expires after 30 minutes"
constexpr seconds shortest_life{10};
constexpr seconds longest_life{30 * 24 * 3'600};

// What is not unreserved in RFC 3986 is escaped, a blank too: every form decoder understands that.
void append_form_value(std::string& out, std::string_view value) {
    out += boost::urls::encode(value, boost::urls::unreserved_chars);
}

token_trouble classify_token_refusal(unsigned status, std::string_view error) {
    if (status == 429) return token_trouble::rate_limited;
    if (error == "temporarily_unavailable" || error == "server_error") return token_trouble::unavailable;
    static constexpr std::array<unsigned, 6> passing{408, 421, 423, 425, 477, 499};
    if (std::find(passing.begin(), passing.end(), status) != passing.end()) return token_trouble::unavailable;
    return status >= 300 && status < 500 ? token_trouble::denied : token_trouble::unavailable;
}

token_failure read_refusal(const answer& a, base::wall_time now) {
    token_failure failure;
    if (a.headers.retry_after) failure.retry_after = parse_retry_after(*a.headers.retry_after, now);
    const auto body = parse_object(a.body);
    const std::string error = body ? find_text(*body, "error") : "";
    failure.trouble = classify_token_refusal(a.status, error);
    failure.words.message = "HTTP " + std::to_string(a.status);
    if (!body) return failure;
    // "status" is either a word like BAD_REFRESH_TOKEN or, in HubSpot's common Error, only "error".
    for (const std::string& word : {find_text(*body, "status"), find_text(*body, "category"), error})
        if (failure.words.category.empty() && word != "error") failure.words.category = plain(word, 128);
    for (const char* field : {"error_description", "message"})
        if (const std::string text = find_text(*body, field); !text.empty()) {
            failure.words.message = plain(text, words_bytes_max);
            break;
        }
    return failure;
}

std::optional<token_grant> read_grant(std::string_view text) {
    const auto body = parse_object(text);
    if (!body) return std::nullopt;
    token_grant grant;
    grant.access_token = find_text(*body, "access_token");
    if (!is_secret_text(grant.access_token)) return std::nullopt;
    base::register_secret(grant.access_token);
    const auto life = find_integer(*body, "expires_in").value_or(usual_life.count());
    grant.expires_in = seconds(std::clamp<std::int64_t>(life, shortest_life.count(), longest_life.count()));
    if (std::string refresh = find_text(*body, "refresh_token"); is_secret_text(refresh)) {
        base::register_secret(refresh);
        grant.refresh_token = std::move(refresh);
    }
    return grant;
}

}  // namespace

std::string_view name(token_trouble trouble) {
    switch (trouble) {
        case token_trouble::denied: return "denied";
        case token_trouble::rate_limited: return "rate_limited";
        case token_trouble::unavailable: return "unavailable";
    }
    return "unknown";
}

std::string encode_refresh_request(const oauth_credentials& credentials) {
    std::string form = "grant_type=refresh_token&client_id=";
    append_form_value(form, credentials.client_id);
    form += "&client_secret=";
    append_form_value(form, credentials.client_secret);
    form += "&refresh_token=";
    append_form_value(form, credentials.refresh_token);
    return form;
}

std::variant<token_grant, token_failure> parse_token_answer(const answer& a, base::wall_time now) {
    if (a.failure) {
        token_failure failure;
        failure.words = {std::string(name(*a.failure)), plain_ascii(a.failure_detail, words_bytes_max)};
        return failure;
    }
    if (a.status < 200 || a.status >= 300) return read_refusal(a, now);
    if (auto grant = read_grant(a.body)) return *std::move(grant);
    token_failure failure;
    failure.words.message = "HTTP " + std::to_string(a.status) + " without a usable access_token";
    return failure;
}

std::string explain(const token_failure& failure) {
    std::string sentence;
    const std::string& category = failure.words.category;
    if (failure.trouble == token_trouble::rate_limited)
        sentence = "HubSpot's limit of token requests is reached; it is tried again by itself";
    else if (failure.trouble == token_trouble::unavailable)
        sentence = "HubSpot gave no new access token; it is tried again by itself";
    else if (category == "BAD_REFRESH_TOKEN" || category == "invalid_grant")
        sentence =
            "the refresh token is invalid or revoked: install the app again and put its refresh token into "
            "hubspot.oauth.refresh_token_file";
    else if (category == "BAD_CLIENT_ID" || category == "BAD_CLIENT_SECRET" || category == "invalid_client")
        sentence =
            "HubSpot does not know the app: check hubspot.oauth.client_id and "
            "hubspot.oauth.client_secret_file";
    else
        sentence = "HubSpot refuses a new access token: check hubspot.oauth";
    if (!failure.words.message.empty()) sentence += "; the answer: \"" + failure.words.message + "\"";
    if (!category.empty()) sentence += " (" + base::shown_identifier(category) + ")";
    return sentence;
}

milliseconds renewal_delay(seconds expires_in) {
    const milliseconds life = expires_in;
    return std::min(life * 4 / 5, std::max<milliseconds>(life - minutes(5), life / 2));
}

}  // namespace consent_sync::hubspot
