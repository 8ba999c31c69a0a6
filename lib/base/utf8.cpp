#include "base/utf8.hpp"

#include <cstdint>

#include "base/ascii.hpp"

namespace consent_sync::base {
namespace {

struct lead_byte {
    std::size_t length;
    std::uint32_t bits;      // of the code point, in the first byte
    std::uint32_t smallest;  // a smaller code point would be overlong
};

lead_byte read_lead(unsigned char first) {
    if (first < 0x80) return {1, first, 0};
    if (first >= 0xc2 && first < 0xe0) return {2, first & 0x1fU, 0x80};
    if (first >= 0xe0 && first < 0xf0) return {3, first & 0x0fU, 0x800};
    if (first >= 0xf0 && first < 0xf5) return {4, first & 0x07U, 0x10000};
    return {0, 0, 0};
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) {
    if (at >= text.size()) return 0;
    const lead_byte lead = read_lead(static_cast<unsigned char>(text[at]));
    if (lead.length == 0 || at + lead.length > text.size()) return 0;
    std::uint32_t code = lead.bits;
    for (std::size_t i = 1; i < lead.length; ++i) {
        const auto byte = static_cast<unsigned char>(text[at + i]);
        if ((byte & 0xc0U) != 0x80U) return 0;
        code = (code << 6) | (byte & 0x3fU);
    }
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    return code < lead.smallest || code > 0x10ffff || surrogate ? 0 : lead.length;
}

bool is_utf8(std::string_view text) {
    if (is_ascii(text)) return true;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string_view cut_utf8(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    std::size_t end = most;
    // A character has at most three continuation bytes. More of them are not UTF-8 and may be cut anywhere.
    for (int i = 0; i < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U; ++i) --end;
    return text.substr(0, utf8_length(text, end) + end > most ? end : most);
}

}  // namespace consent_sync::base
