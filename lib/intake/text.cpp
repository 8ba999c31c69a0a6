#include "intake/text.hpp"

#include <array>
#include <boost/locale/utf.hpp>

#include "base/ascii.hpp"
#include "consent/key.hpp"

namespace consent_sync::intake {
namespace {

using utf8 = boost::locale::utf::utf_traits<char>;

constexpr bool is_invisible(boost::locale::utf::code_point c) {
    return (c >= 0x80 && c <= 0xA0) || c == 0xAD || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
           (c >= 0x205F && c <= 0x206F) || c == 0x3000 || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
}

// Of one byte, two or three.
constexpr std::array<std::string_view, 26> marks{"'",      "\"",     "`",      "\u00A8", "\u00AB", "\u00B4", "\u00BB",
                                                 "\u02B9", "\u02BA", "\u02BB", "\u02BC", "\u02BD", "\u2018", "\u2019",
                                                 "\u201A", "\u201B", "\u201C", "\u201D", "\u201E", "\u201F", "\u2032",
                                                 "\u2033", "\u2039", "\u203A", "\uFF07", "\uFF02"};

// The bytes with which a cell can begin or end if there is a mark; any other cell is left after one look.
constexpr auto mark_bytes = [] {
    std::array<bool, 256> table{};
    for (const std::string_view mark : marks)
        table[static_cast<unsigned char>(mark.front())] = table[static_cast<unsigned char>(mark.back())] = true;
    return table;
}();

bool may_be_mark(char c) { return mark_bytes[static_cast<unsigned char>(c)]; }

}  // namespace

bool may_have_marks(std::string_view cell) {
    return !cell.empty() && (may_be_mark(cell.front()) || may_be_mark(cell.back()));
}

std::string_view without_marks(std::string_view cell) {
    for (cell = consent::trim(cell); may_have_marks(cell);) {
        const std::size_t before = cell.size();
        for (const std::string_view mark : marks) {
            if (cell.starts_with(mark)) cell.remove_prefix(mark.size());
            if (cell.ends_with(mark)) cell.remove_suffix(mark.size());
        }
        if (cell.size() == before) break;
        cell = consent::trim(cell);
    }
    return cell;
}

bool has_invisible(std::string_view text) {
    if (base::is_ascii(text)) return false;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end)
        if (is_invisible(utf8::decode(at, end))) return true;
    return false;
}

}  // namespace consent_sync::intake
