// The words and numbers of single fields, with their aliases. lib/intake/README.md lists all.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "consent/change.hpp"

namespace consent_sync::intake {

// Case, and spaces, underscores and dashes inside a word do not matter: "-1" is not 1. Nothing: no word of ours.
std::optional<consent::status_state> read_status_state(std::string_view text);
std::optional<consent::legal_basis> read_legal_basis(std::string_view text);

// Whether a word says SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED in full: "unsubscribed", "opt-out"; not "NO" or "1",
// which in a column named State may be Norway and anything.
bool is_full_state_word(std::string_view text);

// What a column that asks for an opt-out ("opt_out") says for somebody who is not one: empty, no, n, false, 0.
// Whether a text is a word that asks for an opt-out and can hardly mean anything else: "unsubscribed", "Opt-out".
bool reads_as_opt_out(std::string_view text);
bool is_plain_no(std::string_view text);

// Whether a text is a number other than 0 and 1. Where a status column has one, its 0 and 1 are codes of another
// program too.
bool is_other_number(std::string_view text);

// Digits only, 1 to 2^63 - 1.
std::optional<std::int64_t> read_positive(std::string_view digits);

// Nothing, or what is wrong with a trimmed, non-empty address in UTF-8, as the end of "subscriberIdString …".
// Liberal: an address that mail may know is let through, for HubSpot to judge.
std::optional<std::string_view> find_address_fault(std::string_view address);

// true: it is UTF-8 and find_address_fault() finds no fault, told in one pass. false: ask.
bool is_usual_address(std::string_view address);

}  // namespace consent_sync::intake
