// Removes what no log line may contain: addresses, tokens, registered secrets, and bytes that control a terminal. Most
// code needs only redact() and register_secret() of base/log.hpp.
//
// A text is first masked, then shortened, then escaped, because half an address cannot be told from a word. At most 16
// KiB of a text are read, and at most redacted_max bytes are written.
//
// How private parts are found: an address is what surrounds an at sign, with everything that RFC 5322 allows before it,
// also '=' and '/'. It is better to lose a key or a path than to show half an address. The at sign and every other
// character may be written as an HTML entity, percent-encoded (also twice), in quoted-printable, as an escape of JSON,
// C or JavaScript, in UTF-7 or in full width; or for people: "ann (at) example.com", "ann [at] example dot com", "ann @
// example.com". Control characters belong to the word around them. Addresses and secrets are also found in Base64 and
// in hexadecimal digits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace consent_sync::base {

struct span_of_text {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// All addresses, tokens and registered secrets, in order and without overlap. Takes linear time.
std::vector<span_of_text> find_private(std::string_view text);
// Only registered secrets.
std::vector<span_of_text> find_secrets(std::string_view text);

// At most `most` bytes of the text. It is not cut inside an address, a secret or a UTF-8 character, nor inside a word
// whose end is unknown, so that the result can still be masked.
std::string_view cut_private(std::string_view text, std::size_t most);

inline constexpr std::size_t redacted_max = 512;  // bytes; a longer text ends there with "…"
inline constexpr std::size_t secrets_max = 256;   // registered secrets that are kept: the newest

enum class escape { controls, controls_and_quotes };  // and_quotes: '"' and '\' are escaped too

std::string redact(std::string_view text, escape how);

// An id or a category from a server, for the log: a UUID, or words in one case joined by '_' (VALIDATION_ERROR,
// connect_failed). Anything else may be an address in an unknown encoding, and becomes "***".
std::string shown_identifier(std::string_view text);

// The text with control characters, bidirectional overrides and bytes that are not UTF-8 written as \n, \x1b, \u202e.
// It is neither masked nor cut.
std::string escape_controls(std::string_view text);

// The text with every registered secret, in any encoding, replaced by "***" and otherwise unchanged, for data that is
// kept outside of the log.
std::string mask_secrets(std::string text);

}  // namespace consent_sync::base
