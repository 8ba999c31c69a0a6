// Addresses in the spellings that HubSpot may use in answers, and similar addresses of other people.
//
// Two spellings are one address: those that differ in the case of ASCII letters, in white space around them, in the
// Unicode normal form (NFC, NFD) or in whether a label of the domain is in punycode. All of these come from the
// tables here, so that nothing is computed in the same, possibly wrong, way as in the daemon.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "random_hubspot/chance.hpp"

namespace consent_sync::random_hubspot {

// The address of person number `n`; many of them have letters beyond ASCII.
std::string plain_address(std::int64_t n);
std::string foreign_address(std::int64_t n);

// One text for all spellings of an address.
std::string one_spelling(std::string_view address);
bool same_address(std::string_view a, std::string_view b);

// Another spelling of the same address, or the same one if there is no other.
std::string respell(const std::string& address, chance& luck);
// A similar address of another person.
std::string look_alike(const std::string& address, chance& luck);

}  // namespace consent_sync::random_hubspot
