#include "hubspot/body_fields.hpp"

#include "hubspot/text.hpp"

namespace consent_sync::hubspot {

field top_field(std::string_view key) {
    if (key == "status") return field::status;
    if (key == "results") return field::results;
    if (key == "errors") return field::errors;
    if (key == "numErrors") return field::num_errors;
    if (key == "category") return field::category;
    if (key == "message") return field::message;
    if (key == "correlationId") return field::correlation_id;
    if (key == "policyName") return field::policy_name;
    if (key == "context") return field::context;
    return field::none;
}

field result_field(std::string_view key) {
    if (key == "subscriberIdString") return field::subscriber;
    if (key == "subscriptionId") return field::subscription;
    if (key == "status") return field::status;
    if (key == "channel") return field::channel;
    if (key == "setStatusSuccessReason") return field::reason;
    if (key == "timestamp") return field::timestamp;
    return field::none;
}

field error_field(std::string_view key) {
    if (key == "status") return field::status;
    if (key == "category") return field::category;
    if (key == "message") return field::message;
    if (key == "errors") return field::errors;
    if (key == "context") return field::context;
    if (key == "in") return field::in;
    return field::none;
}

field context_field(std::string_view key) {
    if (key == "subscriberIdString") return field::subscriber;
    if (key == "subscriptionId") return field::subscription;
    if (key == "requiredGranularScopes" || key == "missingScopes" || key == "requiredScopes") return field::scopes;
    return field::none;
}

std::optional<std::int64_t> read_subscription(std::string_view text) {
    if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
    return parse_integer(text);
}

}  // namespace consent_sync::hubspot
