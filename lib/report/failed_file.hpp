// failed.csv or failed.ndjson: the rejected, invalid and unconfirmed rows of a file, except those whose structure is
// broken. It can be dropped into the inbox as it is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "intake/raw_row_reader.hpp"
#include "ledger/report_queries.hpp"

namespace consent_sync::report {

inline constexpr const char* malformed_category = "malformed";  // as intake calls a row whose structure is broken

// Opens the dropped file wherever it is now. On any error the rows are taken from the ledger instead.
using open_input = std::function<base::result<intake::raw_row_reader>(const ledger::file_record&)>;

struct failed_file {
    std::string name;  // "failed.csv"; empty: there is no such row
    std::uint64_t rows = 0;
    std::string input_fault;  // why the rows were taken from the ledger; empty: they are as the file has them
};

// Writes it into `folder` without syncing. Reads the ledger in pages, so memory use does not depend on the size of the
// file. Errors: those of the ledger and of writing, never those of the dropped file.
base::result<failed_file> write_failed_file(ledger::report_reader& ledger, const ledger::file_record& file,
                                            const open_input& input, const std::string& folder);

}  // namespace consent_sync::report
