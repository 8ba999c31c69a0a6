#include "base/utf8.hpp"

#include <boost/locale/utf.hpp>

#include "base/ascii.hpp"

namespace consent_sync::base {

std::size_t utf8_length(std::string_view text, std::size_t at) {
    if (at >= text.size()) return 0;
    const char* const begin = text.data() + at;
    const char* end = begin;
    const auto c = boost::locale::utf::utf_traits<char>::decode(end, text.data() + text.size());
    const bool broken = c == boost::locale::utf::illegal || c == boost::locale::utf::incomplete;
    return broken ? 0 : static_cast<std::size_t>(end - begin);
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
