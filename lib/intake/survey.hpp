// A look through a whole file before its rows are judged, where one row alone cannot tell what it means: whether the
// status column has other numbers than 0 and 1, and whether a member that may speak of consent comes late in a JSON
// file. Costs a second decoding of the file, so it is made only where it is asked for.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "intake/byte_source.hpp"
#include "intake/columns.hpp"
#include "intake/format.hpp"

namespace consent_sync::intake {

struct survey {
    bool lacks_state = false;    // a row has no status, so that a default would stand for it
    bool other_numbers = false;  // a status is a number other than 0 and 1
    bool numbers_rows = false;   // a first column without a name numbers the rows
    other_names others;          // all names of the file that are not fields
};

// `source`: at the start of the file. Errors: io, busy (a read_bound was met); where the file breaks off, the look
// ends.
base::result<survey> look_through(std::unique_ptr<byte_source> source, layout rows, const column_rules& rules);

}  // namespace consent_sync::intake
