// The operator's commands for one file: send its failed rows again (retry), send its held or repeated rows after all
// (release), or give its held rows back to their owner (refuse).
//
// Rows that come back keep their place. Those whose key has a newer change in the ledger are superseded in the same
// transaction, so replaying an old row never undoes a newer one; the file's gate becomes `released`, since the bulk
// cursor may have passed it. All members throw database_error and run inside store::transact(). A scan costs about 1 s
// for 10,000,000 rows.
#pragma once

#include <string>

#include "ledger/change_table.hpp"
#include "ledger/database.hpp"
#include "ledger/file_table.hpp"
#include "ledger/key_scans.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

struct steering_result {
    std::string refusal;           // why nothing was done, and what to do; empty: it was done
    std::uint64_t rows = 0;        // that came back, or were sent back
    std::uint64_t superseded = 0;  // of these
    std::uint64_t file_rows = 0;   // of the whole file
};

class file_steering {
  public:
    file_steering(database& db, file_table& files, change_table& changes, newer_changes& newer);

    // Sends rejected and unconfirmed rows of a file that is done again.
    steering_result retry(consent::arrival_number arrival);
    // Sends the rows of a held file; or those of a done file that were invalid because its content was dropped before.
    steering_result release(consent::arrival_number arrival);
    // The rows of a held file become invalid (refused_by_operator), except opt-outs.
    steering_result refuse(consent::arrival_number arrival, const std::string& words);

  private:
    steering_result reopened(const file_record& file, std::uint64_t rows, statement& counts, const char* nothing);

    file_table& files_;
    change_table& changes_;
    newer_changes& newer_;
    statement count_failed_, count_repeated_, count_refused_;
};

}  // namespace consent_sync::ledger
