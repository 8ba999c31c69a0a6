// Small questions about the bytes of a field.
#pragma once

#include <string_view>

namespace consent_sync::intake {

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Well-formed UTF-8 (no surrogates, no overlong forms). NUL is a character as any other.
bool is_utf8(std::string_view text);

// Whether well-formed UTF-8 holds something that cannot be seen, or a space other than ' ': no-break and
// zero-width spaces, marks of direction, C1 controls, the byte order mark. Copying from web pages and
// documents brings them along.
bool has_invisible(std::string_view text);

}  // namespace consent_sync::intake
