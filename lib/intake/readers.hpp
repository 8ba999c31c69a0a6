// The readers of the three formats by their layout, and a look through a whole file by them.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "intake/sources.hpp"
#include "intake/columns.hpp"
#include "intake/format.hpp"
#include "intake/record.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {

// `bytes` and `rules` must outlive it. `default_opt_in`: a row without a status is anything but UNSUBSCRIBED.
std::unique_ptr<record_reader> make_record_reader(layout rows, window& bytes, const column_rules& rules,
                                                  bool default_opt_in);

// What one row alone cannot tell: whether the status column has other numbers than 0 and 1, and whether a member that
// may speak of consent comes late in a JSON file. Costs a second decoding of the file, so it is asked for only where it
// is needed.
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
