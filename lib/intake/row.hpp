// One row of a dropped file after reading and validation: a change, or the reason why it is not one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "consent/change.hpp"
#include "intake/columns.hpp"

namespace consent_sync::intake {

// Why a row cannot be sent. `category` is a stable word for reports and metrics, `message` a sentence for its
// owner.
struct row_fault {
    std::string category;          // "invalid_address", "missing_subscription", "malformed", "unknown_change_id", …
    std::string message;           // names the field and what is allowed; never repeats an address
    field where = field::unknown;  // the first field at fault; unknown: the row as a whole
};

struct row {
    std::uint64_t number = 0;  // counted from 1; a header line is not a row
    std::uint64_t offset = 0;  // of its first byte in the (decompressed) file
    std::uint64_t length = 0;  // bytes up to and without its end of line
    consent::change change;    // without id; what could be read of it if there is a fault
    std::optional<row_fault> fault;
    std::int64_t change_id = 0;  // the change_id column of a re-dropped failed file; 0: none
    bool unterminated = false;   // CSV: the file ends before the row's line does
    bool may_be_half = false;    // likewise, and its last cell is not a status in full, which nothing more can follow
    bool marks_removed = false;  // of a spreadsheet, or quotation marks around a value
    bool basis_dropped = false;  // an opt-out that goes without its legal basis, which broke its rules
};

// A place in the file from which reading can go on: after `rows` rows, at `offset` of the decompressed bytes.
struct read_position {
    std::uint64_t rows = 0;
    std::uint64_t offset = 0;
};

}  // namespace consent_sync::intake
