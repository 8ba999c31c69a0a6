// The lines of the reports, as pure functions of what the ledger holds. Their fields are listed in README.md.
#pragma once

#include <string>

#include "ledger/report_queries.hpp"

namespace consent_sync::report {

// One line of batches.ndjson, with its newline.
std::string format_attempt(const std::string& account, const ledger::attempt_report& report);

// A finished file: one line of files.ndjson, or the same object over several lines for summary.json.
// Requires: every row has its verdict; an object whose sum is wrong is never written (std::logic_error).
enum class layout { one_line, indented };
std::string format_file(const std::string& account, const ledger::file_report& report, base::wall_time done,
                        layout how);

// "00000042-consents.csv" as the name of a folder or file: cut to what a file system takes, no '/', no control bytes.
std::string report_folder_name(consent::arrival_number arrival, const std::string& name);

}  // namespace consent_sync::report
