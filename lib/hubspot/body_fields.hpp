// The places and member names of HubSpot's answers that the reader knows. Source: BatchResponsePublicStatus,
// PublicStatus, StandardError, ErrorDetail and Error in HubSpot's OpenAPI files; requiredGranularScopes and
// policyName are in real answers only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace consent_sync::hubspot {

// The object or array that is being read.
enum class where : std::uint8_t {
    top,
    results,
    result,
    errors,
    error,
    details,
    detail,
    context,
    context_values,
    other,
};

// The member of that object whose value comes next.
enum class field : std::uint8_t {
    none,
    status,
    results,
    errors,
    num_errors,
    category,
    message,
    correlation_id,
    policy_name,
    in,
    context,
    subscriber,
    subscription,
    channel,
    reason,
    timestamp,
    scopes,
};
inline constexpr std::size_t field_count = static_cast<std::size_t>(field::scopes) + 1;

field top_field(std::string_view key);
field result_field(std::string_view key);
field error_field(std::string_view key);
field context_field(std::string_view key);

// The subscription that a text names: a number as HubSpot writes one, without sign, space or leading zero.
std::optional<std::int64_t> read_subscription(std::string_view text);

}  // namespace consent_sync::hubspot
