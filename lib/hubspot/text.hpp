// Small helpers on HubSpot's texts: bounded, on one line, never cut inside a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace consent_sync::hubspot {

// What is kept of HubSpot's words in the ledger, reports and logs goes through one of the next two functions, because
// HubSpot may repeat what it was sent. They mask registered secrets. Addresses stay whole, so that the log can
// recognise and mask them.
//
// At most `bytes_max` bytes of a UTF-8 text, each control character replaced by a space; by '?' within an address.
std::string plain(std::string_view text, std::size_t bytes_max);

// The same for bytes that may not be UTF-8: everything but visible ASCII becomes a space, and an address with such a
// byte in it becomes "***".
std::string plain_ascii(std::string_view text, std::size_t bytes_max);

// A decimal integer that fills the whole text; no sign but '-', no white space.
std::optional<std::int64_t> parse_integer(std::string_view text);

// ASCII letters compare without case.
bool same_word(std::string_view a, std::string_view b);
bool contains_word(std::string_view text, std::string_view lowered_part);

// ISO 8601 as HubSpot writes it ("2024-08-02T21:46:29.110Z", also with an offset or without a fraction), in
// milliseconds since 1970; 0 for anything else.
std::int64_t parse_timestamp_ms(std::string_view text);

}  // namespace consent_sync::hubspot
