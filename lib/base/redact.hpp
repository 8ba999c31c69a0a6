// What no log line may hold, taken out of a text: addresses, tokens, registered secrets (private_spans.hpp says how
// they are found), and bytes that act on a terminal. redact() and register_secret() of base/log.hpp are the public
// face.
//
// Mask first, then shorten, then escape: half an address cannot be told from a word. Reads at most 16 KiB of a text and
// writes at most redacted_max.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace consent_sync::base {

inline constexpr std::size_t redacted_max = 512;  // bytes of text; what is longer ends there with "…"
inline constexpr std::size_t secrets_max = 256;   // registered secrets that are known at once, the newest

enum class escape { controls, controls_and_quotes };  // and_quotes: '"' and '\' get a '\' as well

std::string redact(std::string_view text, escape how);

// What a server gave as an id or a category, for the log: a UUID, or words in one case joined by '_' (VALIDATION_ERROR,
// connect_failed). Anything else may be an address in an encoding of which nobody thought: "***".
std::string shown_identifier(std::string_view text);

// The text with control characters, bidirectional overrides and bytes that are no UTF-8 written as \n, \x1b,
// \u202e. Nothing is masked and nothing is cut.
std::string escape_controls(std::string_view text);

// The text with every registered secret, in any writing, replaced by "***", and nothing else changed: for what is kept
// beyond the log.
std::string mask_secrets(std::string text);

}  // namespace consent_sync::base
