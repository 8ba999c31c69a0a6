// The header of a CSV file: its delimiter, its columns, and what they mean.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "intake/columns.hpp"
#include "intake/csv_scanner.hpp"

namespace consent_sync::intake {

struct csv_header {
    bool empty_file = false;
    std::vector<std::string> names;                                   // as they stand in the file
    std::array<std::optional<std::size_t>, record_fields> column_of;  // where each field is
    unknown_names unknown;
};

// Reads the header at the cursor, sets the scanner's delimiter and moves the cursor behind it.
// Error: invalid_input with the exact reason; never repeats what looks like data.
base::result<csv_header> read_csv_header(csv_scanner& scanner);

}  // namespace consent_sync::intake
