#include "hubspot/classify.hpp"

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
        // which is the same for every batch: no row is to blame.
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

}  // namespace consent_sync::hubspot
