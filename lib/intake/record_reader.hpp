// What the readers of the three formats have in common: one row after the other out of a window.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "intake/format.hpp"
#include "intake/record.hpp"
#include "intake/row.hpp"
#include "intake/window.hpp"

namespace consent_sync::intake {

enum class found { record, malformed, end };

class record_reader {
  public:
    virtual ~record_reader() = default;

    // Requires: the window at the start of the text. Reads what stands before the rows.
    // Errors: invalid_input, the file is refused whole; io.
    virtual base::result<void> start() = 0;
    // Goes on at the offset() that was told after some row. Requires: start().
    virtual base::result<void> resume(std::uint64_t offset) = 0;
    // The next row: its values, or (malformed) its fault, and in both cases offset and length.
    // Error: the file breaks off here.
    virtual base::result<found> read(record& values, row& into) = 0;

    // Behind the last row that was read.
    virtual std::uint64_t offset() const = 0;
    // The names that are not fields: of all columns, or of the members met so far.
    virtual const other_names& others() const = 0;
    // After start(): whether rows can come without a status, for which a default would stand.
    virtual bool may_lack_state() const = 0;
    // After start(): a name beside the rows, which may ask for an opt-out of all of them, as it may be shown; empty:
    // none.
    virtual const std::string& opt_out_beside() const;
    // Whether all rows so far, and enough of them, stand behind a number of their own in a first column without a name.
    virtual bool numbers_rows() const { return false; }
    // What else the owner of the file ought to know.
    virtual std::vector<std::string> notes() const { return {}; }
};

// `bytes` and `rules` must outlive it. `default_opt_in`: a row without a status is anything but UNSUBSCRIBED.
std::unique_ptr<record_reader> make_record_reader(layout rows, window& bytes, const column_rules& rules,
                                                  bool default_opt_in);

// A row whose structure is broken, named by its line (from 1; 0: not known) and its bytes in the decompressed
// file.
inline row_fault malformed(std::uint64_t line, std::uint64_t offset, std::uint64_t length, const std::string& why) {
    std::string message = line == 0 ? "" : "line " + std::to_string(line) + ", ";
    message += "bytes " + std::to_string(offset) + " to " + std::to_string(offset + length) + ": " + why;
    return row_fault{"malformed", std::move(message)};
}

}  // namespace consent_sync::intake
