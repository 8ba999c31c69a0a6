// One failed row as text: what its owner had written, then what became of it. A file of such rows can be
// dropped into the inbox as it is.
//
// The row comes from the dropped file as long as that still holds it, else from the ledger. The file is only
// believed if the row at the stored offset names the address that the ledger has: a change_id beside somebody
// else's address would be a lie.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "intake/format.hpp"
#include "intake/raw_row_reader.hpp"
#include "ledger/report_queries.hpp"

namespace consent_sync::report {

class failed_row_text {
  public:
    virtual ~failed_row_text() = default;
    virtual std::string_view extension() const = 0;  // "csv", "ndjson"
    virtual std::string header() const = 0;          // with its line end; may be empty
    // Rows must come in ascending order. Error: the file does not hold this row any more, or cannot be read.
    virtual base::result<void> append(std::string& out, const ledger::ended_row& row) = 0;
};

// The columns or members of the dropped file as they stand there. A row that stands for one of several
// subscriptions gets the one it was sent for.
std::unique_ptr<failed_row_text> text_of_input(intake::raw_row_reader input);

// What the ledger keeps of a row. A value that could not be read when the row was refused is empty.
std::unique_ptr<failed_row_text> text_of_ledger(intake::layout layout);

}  // namespace consent_sync::report
