#include "hubspot/judge.hpp"

#include <algorithm>

#include "hubspot/body_reader.hpp"
#include "hubspot/classify.hpp"
#include "hubspot/match.hpp"
#include "hubspot/retry_after.hpp"
#include "hubspot/suspects.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

constexpr std::size_t correlation_id_bytes_max = 128;
constexpr std::size_t foreign_body_bytes_max = 200;  // of a body that is not HubSpot's

// HubSpot's words about the batch as a whole, or what there is instead of them.
refusal_words whole_words(const answer& a, const answer_body& body) {
    refusal_words words;
    words.category = body.readable ? body.whole.category : "";
    if (body.readable && !body.whole.message.empty()) {
        words.message = plain(body.whole.message, words_bytes_max);
    } else if (a.body.empty()) {
        words.message = "HTTP " + std::to_string(a.status) + " with an empty body";
    } else if (body.readable) {
        words.message = "HTTP " + std::to_string(a.status) + " without a message";
        if (!body.whole.status.empty()) words.message += ", status " + plain(body.whole.status, 128);
    } else {
        words.message = "HTTP " + std::to_string(a.status) +
                        " with a body that is not HubSpot's: " + plain_ascii(a.body, foreign_body_bytes_max);
    }
    return words;
}

void add_scopes(const answer_body& body, judgement& out) {
    for (const std::string& scope : body.scopes)
        if (std::find(out.missing_scopes.begin(), out.missing_scopes.end(), scope) == out.missing_scopes.end())
            out.missing_scopes.push_back(scope);
}

}  // namespace

std::string_view name(answer_kind kind) {
    switch (kind) {
        case answer_kind::judged: return "judged";
        case answer_kind::unclear: return "unclear";
        case answer_kind::refused: return "refused";
        case answer_kind::too_large: return "too_large";
        case answer_kind::unauthorized: return "unauthorized";
        case answer_kind::scope_missing: return "scope_missing";
        case answer_kind::forbidden: return "forbidden";
        case answer_kind::misconfigured: return "misconfigured";
        case answer_kind::locked: return "locked";
        case answer_kind::rate_limited: return "rate_limited";
        case answer_kind::daily_limited: return "daily_limited";
        case answer_kind::moving: return "moving";
        case answer_kind::unavailable: return "unavailable";
    }
    return "unknown";
}

judgement judge(std::span<const consent::change> batch, const answer& a, base::wall_time now) {
    judgement out;
    if (a.headers.retry_after) out.retry_after = parse_retry_after(*a.headers.retry_after, now);
    if (a.headers.correlation_id) out.correlation_id = plain_ascii(*a.headers.correlation_id, correlation_id_bytes_max);
    if (a.failure) {
        out.kind = answer_kind::unavailable;
        out.words.push_back({std::string(name(*a.failure)), plain_ascii(a.failure_detail, words_bytes_max)});
        return out;
    }
    const answer_body body = read_body(a.body);
    out.kind = classify(a.status, body);
    if (out.correlation_id.empty()) out.correlation_id = body.readable ? body.correlation_id : "";
    if (out.kind == answer_kind::judged) {
        match_changes(batch, body, out);
        return out;
    }
    out.words.push_back(whole_words(a, body));
    if (out.kind == answer_kind::scope_missing) add_scopes(body, out);
    if (out.kind == answer_kind::refused) out.suspects = find_suspects(batch, body);
    return out;
}

}  // namespace consent_sync::hubspot
