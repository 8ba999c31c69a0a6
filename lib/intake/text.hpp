// Small questions about the bytes of a field.
#pragma once

#include <string_view>

namespace consent_sync::intake {

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Whether well-formed UTF-8 holds something that cannot be seen, or a space other than ' ': no-break and
// zero-width spaces, marks of direction, C1 controls, the byte order mark. Copying from web pages and
// documents brings them along.
bool has_invisible(std::string_view text);

// A cell without the quotation marks, apostrophes and accents that stand around it: a spreadsheet marks a text with a
// leading apostrophe, and documents put typographic quotation marks around what is copied from them. White space at
// the ends goes too. A mark inside, as in o'neil, stays.
std::string_view without_marks(std::string_view cell);
// false: it has none, told by its first and last byte. Requires: no white space at the ends.
bool may_have_marks(std::string_view cell);

}  // namespace consent_sync::intake
