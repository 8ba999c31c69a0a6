// The snapshot as text for a terminal or a pipe.
#pragma once

#include <cstddef>
#include <string>

#include "observe/snapshot.hpp"

namespace consent_sync::observe {

struct text_style {
    std::size_t width = 100;  // columns; what is longer goes on below
    std::size_t rows = 0;     // lines at most, for a screen that is drawn again and again; 0: as many as it takes
    bool colour = false;
    bool blocks = false;  // bars of block characters instead of '#' and '.'
};

std::string format_status(const snapshot& s, const text_style& style);

std::string format_count(std::uint64_t n);   // "1,234,567"
std::string format_bytes(std::uint64_t n);   // "1.2 GiB"
std::string format_seconds(double seconds);  // "0.4 s", "59 s", "4 min 20 s", "3 h 5 min", "2 d 4 h"
std::string format_bar(double share, std::size_t width, bool blocks);

}  // namespace consent_sync::observe
