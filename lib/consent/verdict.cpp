#include "consent/verdict.hpp"

#include <array>

namespace consent_sync::consent {
namespace {

constexpr std::array<std::string_view, 6> verdict_names{"",        "confirmed",  "rejected",
                                                        "invalid", "superseded", "unconfirmed"};
constexpr std::array<std::string_view, 6> reason_names{
    "",     "NO_STATUS_CHANGE", "REQUESTED_CHANGE_OCCURRED", "RESUBSCRIBE_OCCURRED", "UNSUBSCRIBE_FROM_ALL_OCCURRED",
    "OTHER"};

}  // namespace

std::string_view name(verdict v) { return verdict_names[static_cast<std::size_t>(v)]; }
std::string_view name(success_reason r) { return reason_names[static_cast<std::size_t>(r)]; }

success_reason parse_success_reason(std::string_view text) {
    if (text.empty()) return success_reason::none;
    for (std::size_t i = 1; i < 5; ++i)
        if (reason_names[i] == text) return static_cast<success_reason>(i);
    return success_reason::other;
}

}  // namespace consent_sync::consent
