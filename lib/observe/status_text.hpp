// The snapshot as text for a terminal or a pipe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "observe/snapshot.hpp"

namespace consent_sync::observe {

struct text_style {
    std::size_t width = 100;  // columns; longer lines are wrapped
    std::size_t rows = 0;     // lines at most, for a screen that is redrawn; 0: no limit
    bool colour = false;
    bool blocks = false;  // bars of block characters instead of '#' and '.'
};

std::string format_status(const snapshot& s, const text_style& style);

std::string format_count(std::uint64_t n);   // "1,234,567"
std::string format_bytes(std::uint64_t n);   // "1.2 GiB"
std::string format_seconds(double seconds);  // "0.4 s", "59 s", "4 min 20 s", "3 h 5 min", "2 d 4 h"
std::string format_bar(double share, std::size_t width, bool blocks);

// ---- Text in the columns of a terminal: East Asian characters and emoji take two, combining ones none.

std::size_t columns_of(std::string_view text);
std::string cut_columns(std::string_view text, std::size_t width);
std::string pad_columns(std::string_view text, std::size_t width);  // filled up with spaces, or cut

// Lines of at most `width` columns, broken at spaces; all but the first begin with `indent` spaces. A word that is
// longer than a line is broken.
std::vector<std::string> wrap_columns(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace consent_sync::observe
