// The header of a CSV file: its delimiter, its columns, and what they mean.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "intake/columns.hpp"
#include "intake/csv_scanner.hpp"

namespace consent_sync::intake {

struct csv_names {
    bool empty_file = false;
    std::vector<std::string> names;  // as they stand in the file
};

// Reads the header at the cursor, sets the scanner's delimiter and moves the cursor behind it.
// Error: invalid_input with the exact reason; never repeats what looks like data.
base::result<csv_names> read_csv_names(csv_scanner& scanner);

struct csv_header : csv_names {
    std::array<std::optional<std::size_t>, record_fields> column_of;  // where each field is
    std::vector<std::size_t> inverted;                                // the columns whose "yes" means UNSUBSCRIBED
    std::vector<std::size_t> suspicious;  // those that are not known and that look like consent
    std::vector<std::size_t> unread;      // all others that are not fields, but for those that are to be ignored
    std::vector<std::size_t> labels;      // those of them that hold labels
    other_names others;

    std::optional<std::size_t> column(field f) const { return column_of[static_cast<std::size_t>(f)]; }
};

// How the first column is called if it has no name. Where only that column is not known, the rows may tell what it is.
inline constexpr std::string_view nameless_first_column = "column 1";

// What the columns mean. Error: invalid_input, the file is refused.
base::result<csv_header> assign_columns(csv_names names, const column_rules& rules);

// A line in the middle of a CSV file that names columns, as where files with headers were joined. Rows behind another
// header must not be read by position: their columns may mean something else.

enum class header_again {
    none,   // the line is a row, if perhaps a broken one
    same,   // the header of this file
    other,  // another header, or a line that cannot be told from one
};

// `cells`: those of the line. `next`: those of the line behind it; none at the end of the file.
// `opt_in_by_default`: the file has no status, and defaults.statusState is not UNSUBSCRIBED. Then a line counts as a
// header unless it is plainly a row. No opt-out is lost by that, for the file has none.
header_again find_header_again(const csv_header& header, std::span<const std::string_view> cells,
                               std::span<const std::string_view> next, bool opt_in_by_default);

// The cells of a line whose quotes may be broken.
std::vector<std::string_view> split_roughly(std::string_view line, char delimiter);

}  // namespace consent_sync::intake
