// How much of a text JSON holds as it is: where a text in JSON ends, and where one has to be escaped.
#pragma once

#include <cstddef>
#include <string_view>

namespace consent_sync::base {

// Of the bytes that JSON holds as they are, from the start of a text on.
struct plain_bytes {
    std::size_t size = 0;
    bool beyond_ascii = false;  // there is a byte that is not ASCII, among them or within 16 bytes behind
};

// Up to the first '"', '\\' or control character (RFC 8259, 7), or to the end. Sixteen bytes at once.
plain_bytes find_plain_bytes(std::string_view text);

}  // namespace consent_sync::base
