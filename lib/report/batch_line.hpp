// One ended attempt as a line of batches.ndjson.
#pragma once

#include <string>

#include "ledger/report_queries.hpp"

namespace consent_sync::report {

// With its line end. It depends only on what the ledger knew when the attempt ended, so writing it again later gives
// the same line: a change that got its verdict afterwards is `unsettled` here. Throws ledger::database_error; runs
// inside report_reader::run().
std::string make_batch_line(const std::string& account, const ledger::attempt_record& attempt,
                            ledger::report_queries& ledger);

}  // namespace consent_sync::report
