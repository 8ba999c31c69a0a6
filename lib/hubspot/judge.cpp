#include "hubspot/judge.hpp"

#include <algorithm>
#include <string>

#include "consent/key.hpp"
#include "hubspot/match.hpp"
#include "hubspot/names.hpp"
#include "hubspot/retry_after.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

answer_kind classify_success(const answer_body& body) {
    if (!body.readable || body.unsound) return answer_kind::unclear;
    const bool done = body.whole.status == "COMPLETE" || body.whole.status == "SUCCESS";
    return done ? answer_kind::judged : answer_kind::unclear;
}

// A body may lack policyName; the message then says "You have reached your daily limit."
answer_kind classify_limit(const answer_body& body) {
    if (!body.readable) return answer_kind::rate_limited;
    const bool daily = body.policy_name.empty() ? contains_word(body.whole.message, "daily limit")
                                                : same_word(body.policy_name, "DAILY");
    return daily ? answer_kind::daily_limited : answer_kind::rate_limited;
}

answer_kind classify_refusal(unsigned status, const answer_body& body) {
    switch (status) {
        case 401: return answer_kind::unauthorized;
        case 403: return is_hubspot_error(body) ? answer_kind::scope_missing : answer_kind::forbidden;
        case 404:
            return body.readable && body.whole.category == "OBJECT_NOT_FOUND" ? answer_kind::refused
                                                                              : answer_kind::misconfigured;
        case 413: return answer_kind::too_large;
        case 423: return answer_kind::locked;
        case 429: return classify_limit(body);
        case 477: return answer_kind::moving;
        // About the account, the address of the endpoint, the proxy or the way in which requests are built,
        // which is the same for every batch: no row can cause it.
        case 402:  // payment required
        case 405:
        case 406:
        case 407:  // a proxy wants credentials
        case 410:  // this version of the endpoint is gone
        case 411:
        case 412:
        case 414:
        case 415:
        case 416:
        case 417:
        case 426:
        case 428:
        case 431:  // header fields too large: the token
            return answer_kind::misconfigured;
        // About this connection or this moment.
        case 408:
        case 421:  // misdirected: another connection may do
        case 425:
        case 444:  // nginx and its relatives for a connection that ended early
        case 499: return answer_kind::unavailable;
        default: return answer_kind::refused;
    }
}

}  // namespace

bool is_hubspot_error(const answer_body& body) {
    if (!body.readable) return false;
    if (!body.whole.category.empty() || !body.scopes.empty()) return true;
    return !body.whole.message.empty() && (!body.correlation_id.empty() || body.whole.status == "error");
}

answer_kind classify(unsigned status, const answer_body& body) {
    if (status >= 200 && status < 300) return classify_success(body);
    if (status >= 300 && status < 400) return answer_kind::misconfigured;
    if (status >= 400 && status < 500) return classify_refusal(status, body);
    return answer_kind::unavailable;
}

namespace {

void add_places(std::string_view lowered_text, std::vector<bool>& named) {
    constexpr std::string_view word = "inputs";
    constexpr std::string_view list = R"("]->java.util.arraylist[)";
    for (std::size_t at = lowered_text.find(word); at != std::string_view::npos; at = lowered_text.find(word, at + 1)) {
        std::string_view rest = lowered_text.substr(at + word.size());
        if (rest.starts_with(list)) rest.remove_prefix(list.size() - 1);
        if (rest.empty() || (rest[0] != '[' && rest[0] != '/' && rest[0] != '.')) continue;
        rest.remove_prefix(1);
        const auto place = parse_integer(rest.substr(0, rest.find_first_not_of("0123456789")));
        if (place && *place >= 0 && *place < static_cast<std::int64_t>(named.size()))
            named[static_cast<std::size_t>(*place)] = true;
    }
}

void add_subscriptions(std::span<const consent::change> batch, const body_error& e, std::vector<bool>& named) {
    for (const body_names& names : e.names)
        for (const auto& subscription : names.subscriptions)
            for (std::size_t i = 0; i < batch.size(); ++i)
                if (batch[i].subscription == subscription) named[i] = true;
}

std::vector<std::uint32_t> collect(const std::vector<bool>& named) {
    std::vector<std::uint32_t> indices;
    for (std::uint32_t i = 0; i < named.size(); ++i)
        if (named[i]) indices.push_back(i);
    if (indices.size() == named.size() && named.size() > 1) indices.clear();  // it does not tell one from the others
    return indices;
}

}  // namespace

std::vector<std::uint32_t> find_suspects(std::span<const consent::change> batch, const answer_body& body) {
    if (!body.readable) return {};
    std::string text = body.whole.text;
    for (const body_error& e : body.errors)
        if (text.size() < error_text_bytes_max) text += e.text;
    std::vector<bool> named(batch.size());
    const batch_index index(batch);
    mention_finder(batch, index).find(text, [&named](std::uint32_t i) { named[i] = true; });
    add_places(consent::lower(text), named);
    if (std::find(named.begin(), named.end(), true) == named.end()) {
        add_subscriptions(batch, body.whole, named);
        for (const body_error& e : body.errors) add_subscriptions(batch, e, named);
    }
    return collect(named);
}

namespace {

constexpr std::size_t correlation_id_bytes_max = 128;
constexpr std::size_t foreign_body_bytes_max = 200;  // of a body that is not HubSpot's

// HubSpot's words about the batch as a whole, or a description of the answer if it has none.
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
