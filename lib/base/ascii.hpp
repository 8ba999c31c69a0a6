// Fast checks of the bytes of a text. Nearly all texts are plain ASCII, so slower checks of UTF-8 are rarely needed.
#pragma once

#include <cstddef>
#include <string_view>

namespace consent_sync::base {

// Whether no byte is 0x80 or above.
bool is_ascii(std::string_view text);

// '0' to '9', independent of the locale.
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The bytes at the start of a text that need no escape in JSON.
struct plain_bytes {
    std::size_t size = 0;
    bool beyond_ascii = false;  // one of them, or of the 16 bytes after them, is not ASCII
};

// Ends before the first '"', '\\' or control character (RFC 8259, section 7), or at the end. Checks sixteen bytes at a
// time.
plain_bytes find_plain_bytes(std::string_view text);

}  // namespace consent_sync::base
