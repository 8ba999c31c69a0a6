// Characters of UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace consent_sync::base {

// The length of the UTF-8 character at `at`; 0 if there is no valid one (truncated, overlong, a surrogate).
std::size_t utf8_length(std::string_view text, std::size_t at);

// Whether the whole text is well-formed. NUL is a character like any other.
bool is_utf8(std::string_view text);

// At most `most` bytes of the text, cut at the end of a UTF-8 character.
std::string_view cut_utf8(std::string_view text, std::size_t most);

}  // namespace consent_sync::base
