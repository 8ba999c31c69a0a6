// Small questions about the bytes of a field.
#pragma once

#include <string_view>

namespace consent_sync::intake {

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Whether well-formed UTF-8 holds something that cannot be seen, or a space other than ' ': no-break and
// zero-width spaces, marks of direction, C1 controls, the byte order mark. Copying from web pages and
// documents brings them along.
bool has_invisible(std::string_view text);

}  // namespace consent_sync::intake
