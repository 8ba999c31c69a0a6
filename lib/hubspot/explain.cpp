#include "hubspot/explain.hpp"

#include <algorithm>

#include "base/redact.hpp"
#include "hubspot/answer.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

// HubSpot has issued OAuth tokens for a shorter time: a token that "expired" longer ago was never one of its tokens.
constexpr std::int64_t token_age_days_max = 5'000;

std::string explain_unauthorized(const refusal_words& words) {
    if (expired_days(words.message) > token_age_days_max)
        return "the token is not one HubSpot knows (it reports such a token as long expired): check "
               "hubspot.token_file, or hubspot.oauth";
    if (words.category == "EXPIRED_AUTHENTICATION" || contains_word(words.message, "expired"))
        return "the token has expired or was replaced: put the current one into hubspot.token_file, or check "
               "hubspot.oauth";
    if (contains_word(words.message, "credentials not found"))
        return "HubSpot found no usable token in the request: check that hubspot.token_file holds the whole "
               "token, and "
               "that no proxy removes the Authorization header";
    return "HubSpot does not accept the token: check hubspot.token_file, or hubspot.oauth";
}

std::string explain_scopes(const judgement& j) {
    if (j.missing_scopes.empty())
        return "the app of the token may not do this: give it the scope " + std::string(batch_write_scope) +
               ", which needs Marketing Hub Enterprise, and a token that was issued after that";
    std::string sentence = "the app of the token lacks what HubSpot asks for; give it the scope";
    for (std::size_t i = 0; i < j.missing_scopes.size(); ++i) sentence += (i == 0 ? " " : ", ") + j.missing_scopes[i];
    const auto& scopes = j.missing_scopes;
    if (std::find(scopes.begin(), scopes.end(), batch_write_scope) != scopes.end())
        sentence += " (" + std::string(batch_write_scope) + " needs Marketing Hub Enterprise)";
    return sentence + ", and a token that was issued after that";
}

std::string explain_unavailable(const refusal_words& words) {
    const std::string& why = words.category;
    if (why == name(no_answer::name_lookup_failed))
        return "the name in hubspot.base_url cannot be looked up: check DNS and hubspot.base_url";
    if (why == name(no_answer::connect_failed) || why == name(no_answer::connect_timeout))
        return "no connection to HubSpot: check the network, its firewall, and hubspot.proxy";
    if (why == name(no_answer::tls_failed) || why == name(no_answer::tls_timeout))
        return "no secure connection to HubSpot: check hubspot.ca_file, the machine's clock, and what "
               "inspects TLS on "
               "the way";
    if (why == name(no_answer::proxy_refused)) return "the proxy refuses the connection: check hubspot.proxy";
    if (why == name(no_answer::cancelled)) return "the request was cut by a stop; it is sent again after the start";
    return "HubSpot is not available at the moment; it is tried again by itself";
}

std::string explain_kind(const judgement& j, const refusal_words& words) {
    switch (j.kind) {
        case answer_kind::judged: return "";
        case answer_kind::unclear:
            return "HubSpot answered without saying that the batch is complete: nothing of it counts as "
                   "done, it is "
                   "sent again";
        case answer_kind::refused:
            return "HubSpot refuses the batch as a whole: it is split until the change that "
                   "causes it is found";
        case answer_kind::too_large: return "the batch is too large for HubSpot: smaller ones are sent";
        case answer_kind::unauthorized: return explain_unauthorized(words);
        case answer_kind::scope_missing: return explain_scopes(j);
        case answer_kind::forbidden:
            return "something before HubSpot's API refuses the requests: check hubspot.base_url, "
                   "hubspot.proxy, and "
                   "whether HubSpot or a firewall blocks this machine's address";
        case answer_kind::misconfigured:
            return "HubSpot has no such endpoint, or does not take requests in this way: check "
                   "hubspot.base_url and "
                   "hubspot.path";
        case answer_kind::locked: return "HubSpot has locked the records for a moment; it is tried again by itself";
        case answer_kind::rate_limited: return "HubSpot's rolling limit is reached: everything waits for it";
        case answer_kind::daily_limited:
            return "the account's requests of this day are used up: sending goes on after the account's "
                   "midnight";
        case answer_kind::moving:
            return "HubSpot is moving the account to another data centre, which may take 24 hours: "
                   "everything waits";
        case answer_kind::unavailable: return explain_unavailable(words);
    }
    return "";
}

}  // namespace

std::int64_t expired_days(std::string_view message) {
    constexpr std::string_view before = "expired ";
    const std::size_t at = message.find(before);
    if (at == std::string_view::npos) return -1;
    std::int64_t days = -1;
    std::size_t i = at + before.size();
    for (; i < message.size() && ((message[i] >= '0' && message[i] <= '9') || message[i] == ','); ++i) {
        if (message[i] == ',') continue;
        days = std::max<std::int64_t>(days, 0) * 10 + (message[i] - '0');
        if (days > 10'000'000) break;  // long enough for any use
    }
    return message.substr(i).starts_with(" day") ? days : -1;
}

std::string explain(const judgement& j) {
    if (j.kind == answer_kind::judged) return "";
    const refusal_words words = j.words.empty() ? refusal_words() : j.words.front();
    std::string sentence = explain_kind(j, words);
    if (!words.message.empty()) sentence += "; the answer: \"" + words.message + "\"";
    if (!words.category.empty()) sentence += " (" + base::shown_identifier(words.category) + ")";
    if (!j.correlation_id.empty()) sentence += ", correlation id " + base::shown_identifier(j.correlation_id);
    return sentence;
}

}  // namespace consent_sync::hubspot
