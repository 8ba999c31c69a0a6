// Questions about ASCII. Nearly all texts are plain ASCII, which spares a slower look at their UTF-8.
#pragma once

#include <string_view>

namespace consent_sync::base {

// No byte of 0x80 or above.
bool is_ascii(std::string_view text);

// In every locale.
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace consent_sync::base
