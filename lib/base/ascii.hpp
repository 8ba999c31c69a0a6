// Is a text plain ASCII? Asked before a dearer look at its UTF-8: nearly all texts are.
#pragma once

#include <string_view>

namespace consent_sync::base {

// No byte of 0x80 or above.
bool is_ascii(std::string_view text);

}  // namespace consent_sync::base
