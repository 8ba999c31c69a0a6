#include "hubspot/judgement.hpp"

namespace consent_sync::hubspot {

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

}  // namespace consent_sync::hubspot
