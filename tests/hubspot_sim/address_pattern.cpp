#include "hubspot_sim/address_pattern.hpp"

#include <array>

#include "hubspot_sim/binding.hpp"

namespace consent_sync::hubspot_sim {
namespace {

struct prefix {
    std::string_view text;
    address_pattern pattern;
};
// The longer of two that begin alike comes first.
constexpr std::array prefixes{
    prefix{"reject-", address_pattern::reject},
    prefix{"unattributed-", address_pattern::unattributed},
    prefix{"missing-", address_pattern::missing},
    prefix{"silent-", address_pattern::silent},
    prefix{"other-", address_pattern::other},
    prefix{"flaky-", address_pattern::flaky},
    prefix{"nulls-", address_pattern::nulls},
    prefix{"refuse-unnamed-", address_pattern::refuse_unnamed},
    prefix{"refuse-each-", address_pattern::refuse_each},
    prefix{"refuse-", address_pattern::refuse},
    prefix{"badjson-", address_pattern::bad_json},
    prefix{"notfound-", address_pattern::not_found},
    prefix{"conflict-", address_pattern::conflict},
    prefix{"unprocessable-", address_pattern::unprocessable},
    prefix{"forbidden-", address_pattern::forbidden},
    prefix{"crash-", address_pattern::crash},
    prefix{"cut-", address_pattern::cut},
    prefix{"stall-", address_pattern::stall},
};

}  // namespace

address_pattern pattern_of(std::string_view address) {
    const std::string lowered = lower_address(address);
    for (const auto& [text, pattern] : prefixes) {
        if (lowered.starts_with(text)) return pattern;
    }
    return address_pattern::none;
}

bool is_of_whole_request(address_pattern p) { return p >= address_pattern::refuse; }

std::string_view prefix_of(address_pattern p) {
    for (const auto& [text, pattern] : prefixes) {
        if (pattern == p) return text;
    }
    return "";
}

}  // namespace consent_sync::hubspot_sim
