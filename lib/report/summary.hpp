// The outcome of one file: a line of files.ndjson, and its summary.json.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ledger/report_queries.hpp"
#include "report/failed_file.hpp"

namespace consent_sync::report {

inline constexpr std::size_t listed_rows_max = 100;  // named in a summary, of each kind; all are counted
inline constexpr std::size_t listed_reasons_max = 100;
inline constexpr std::uint64_t small_file_rows = 100;  // a whole file up to here without a failed row has no folder

struct file_summary {
    ledger::file_record file;
    ledger::row_totals totals;
    std::vector<ledger::reason_count> reasons;
    std::uint64_t malformed_rows = 0;
    std::vector<ledger::ended_row> malformed;
    std::vector<ledger::superseding> superseded;

    std::uint64_t failed_rows() const;  // rejected, invalid or unconfirmed
    bool has_folder() const { return file.rows > small_file_rows || failed_rows() > 0 || !file.fault.empty(); }
};

// Counts the rows of a file and compares them with the file's record. Error corrupt: they do not add up. Rows read must
// be confirmed + rejected + invalid + superseded + unconfirmed in both counts; a file for which that is not so is not
// reported. Throws ledger::database_error; runs inside report_reader::run().
base::result<file_summary> summarize(consent::arrival_number arrival, ledger::report_queries& ledger);

// `folder`: the name of the file's folder, or empty. `failed`: what was written to it.
boost::json::object describe(const std::string& account, const file_summary& summary, base::wall_time done_at,
                             const std::string& folder, const failed_file& failed);

}  // namespace consent_sync::report
