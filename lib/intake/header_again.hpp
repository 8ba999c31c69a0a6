// A line in the middle of a CSV file that names columns, as where files with headers were joined. Rows behind another
// header must not be read by position: their columns may mean something else.
#pragma once

#include <span>
#include <string_view>

#include "intake/csv_header.hpp"

namespace consent_sync::intake {

enum class header_again {
    none,   // the line is a row, if perhaps a broken one
    same,   // the header of this file
    other,  // another header, or a line that cannot be told from one
};

// `cells`: those of the line. `next`: those of the line behind it; none at the end of the file.
// `opt_in_by_default`: the file has no status, and defaults.statusState is not UNSUBSCRIBED. Then a line counts as a
// header unless it is plainly a row; opt-outs are not at stake there, for the file has none.
header_again find_header_again(const csv_header& header, std::span<const std::string_view> cells,
                               std::span<const std::string_view> next, bool opt_in_by_default);

// The cells of a line whose quotes may be broken.
std::vector<std::string_view> split_roughly(std::string_view line, char delimiter);

}  // namespace consent_sync::intake
