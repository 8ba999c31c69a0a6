#include "consent/change.hpp"

#include <array>
#include <utility>

namespace consent_sync::consent {
namespace {

template <class Enum, std::size_t N>
using name_table = std::array<std::pair<Enum, std::string_view>, N>;

constexpr name_table<channel, 1> channels{{{channel::email, "EMAIL"}}};
constexpr name_table<status_state, 3> states{{{status_state::subscribed, "SUBSCRIBED"},
                                              {status_state::unsubscribed, "UNSUBSCRIBED"},
                                              {status_state::not_specified, "NOT_SPECIFIED"}}};
constexpr name_table<legal_basis, 7> bases{{{legal_basis::legitimate_interest_pql, "LEGITIMATE_INTEREST_PQL"},
                                            {legal_basis::legitimate_interest_client, "LEGITIMATE_INTEREST_CLIENT"},
                                            {legal_basis::legitimate_interest_other, "LEGITIMATE_INTEREST_OTHER"},
                                            {legal_basis::performance_of_contract, "PERFORMANCE_OF_CONTRACT"},
                                            {legal_basis::consent_with_notice, "CONSENT_WITH_NOTICE"},
                                            {legal_basis::non_gdpr, "NON_GDPR"},
                                            {legal_basis::process_and_store, "PROCESS_AND_STORE"}}};

template <class Enum, std::size_t N>
std::string_view find_name(const name_table<Enum, N>& table, Enum wanted) {
    for (const auto& [value, text] : table)
        if (value == wanted) return text;
    return {};
}

template <class Enum, std::size_t N>
std::optional<Enum> find_value(const name_table<Enum, N>& table, std::string_view wanted) {
    for (const auto& [value, text] : table)
        if (text == wanted) return value;
    return std::nullopt;
}

}  // namespace

std::string_view name(channel c) { return find_name(channels, c); }
std::string_view name(status_state s) { return find_name(states, s); }
std::string_view name(legal_basis b) { return find_name(bases, b); }
std::optional<channel> parse_channel(std::string_view text) { return find_value(channels, text); }
std::optional<status_state> parse_status_state(std::string_view text) { return find_value(states, text); }
std::optional<legal_basis> parse_legal_basis(std::string_view text) { return find_value(bases, text); }

}  // namespace consent_sync::consent
