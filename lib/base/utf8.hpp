// Characters of UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace consent_sync::base {

// The length of the UTF-8 character at `at`; 0 if there is none (broken, overlong, a surrogate).
std::size_t utf8_length(std::string_view text, std::size_t at);

// Well-formed from the first byte to the last. NUL is a character as any other.
bool is_utf8(std::string_view text);

// The text up to `most` bytes, not ending inside a UTF-8 character.
std::string_view cut_utf8(std::string_view text, std::size_t most);

}  // namespace consent_sync::base
