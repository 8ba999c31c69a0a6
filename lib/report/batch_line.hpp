// One ended attempt as a line of batches.ndjson.
#pragma once

#include <string>

#include "ledger/report_queries.hpp"

namespace consent_sync::report {

// A function of what the ledger knew when the attempt ended: written again later, it is the same line. A
// change that was left open then and got its verdict afterwards (HubSpot refused it alone, and took others)
// is `unsettled` here. With its line end. Throws ledger::database_error; runs inside report_reader::run().
std::string make_batch_line(const std::string& account, const ledger::attempt_record& attempt,
                            ledger::report_queries& ledger);

}  // namespace consent_sync::report
