// Sets of places as short text, "7:1-100,105;9:1": arrival number, colon, rows. How attempts name their changes in the
// ledger and in the reports. Readable in an SQL shell, a few bytes a file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consent/place.hpp"

namespace consent_sync::ledger {

struct row_range {
    consent::arrival_number arrival = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

// `places` in any order; it is sorted in place of a copy by the caller's choice.
std::string format_ranges(std::vector<consent::place> places);
// Requires: text written by format_ranges. What cannot be read ends the list.
std::vector<row_range> parse_ranges(std::string_view text);
// The same text cut into its files: their rows as they stand there, "1-100,105".
struct file_rows {
    consent::arrival_number arrival = 0;
    std::string_view rows;
};
std::vector<file_rows> split_files(std::string_view text);
std::vector<consent::place> expand_ranges(std::span<const row_range> ranges);

}  // namespace consent_sync::ledger
