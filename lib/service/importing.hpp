// From rows of a file to rows of the ledger: the pure part of importing, and its one transaction.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "intake/file_reader.hpp"
#include "ledger/store.hpp"

namespace consent_sync::service {

// A piece of a file that goes into the ledger in one transaction.
struct import_piece {
    consent::arrival_number arrival = 0;
    std::vector<ledger::new_row> rows;
    std::vector<std::size_t> returning;  // indices of rows that carry a change_id
    intake::read_position position;      // behind the last row
    bool opt_outs = false;               // among the rows that are to be sent
    bool basis_dropped = false;
    bool ended = false;                  // the file has no more rows
    std::string fault;                   // why reading broke off; empty: it did not
    std::string ignored_columns;
    std::uint64_t size = 0;              // of `ended`: the file when its end was believed
    std::int64_t modified_ns = 0;
};

// Moves rows over. In a file whose content was dropped before only opt-outs are sent again.
import_piece make_piece(consent::arrival_number arrival, std::vector<intake::row>& rows, bool duplicate,
                        intake::read_position position);

// Inside store::transact(); may run again. Checks change_ids, stores the rows and how far the file was read, closes the
// file's gate before the first row with a change_id. Returns whether the gate is closed.
bool import(ledger::store& store, import_piece& piece, base::wall_time now);

}  // namespace consent_sync::service
