#include "intake/text.hpp"

#include <boost/locale/utf.hpp>

#include "base/ascii.hpp"

namespace consent_sync::intake {
namespace {

using utf8 = boost::locale::utf::utf_traits<char>;

constexpr bool is_invisible(boost::locale::utf::code_point c) {
    return (c >= 0x80 && c <= 0xA0) || c == 0xAD || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
           (c >= 0x205F && c <= 0x206F) || c == 0x3000 || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
}

}  // namespace

bool has_invisible(std::string_view text) {
    if (base::is_ascii(text)) return false;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end)
        if (is_invisible(utf8::decode(at, end))) return true;
    return false;
}

}  // namespace consent_sync::intake
