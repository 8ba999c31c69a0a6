#include "service/importing.hpp"

namespace consent_sync::service {

import_piece make_piece(consent::arrival_number arrival, std::vector<intake::row>& rows, bool duplicate,
                        intake::read_position position) {
    import_piece piece;
    piece.arrival = arrival;
    piece.position = position;
    piece.rows.reserve(rows.size());
    for (intake::row& row : rows) {
        ledger::new_row stored;
        stored.change = std::move(row.change);
        stored.change.id = consent::place(arrival, row.number);
        stored.offset = row.offset;
        if (row.fault) {
            stored.invalid = ledger::reason{std::move(row.fault->category), std::move(row.fault->message), "", {}};
        } else if (duplicate && !stored.change.is_opt_out()) {
            stored.invalid = ledger::reason{
                "duplicate_file",
                "a file with the same content was dropped before; of such a file only opt-outs are sent again",
                "",
                {}};
        } else {
            if (row.change_id != 0) {
                stored.original = consent::place(row.change_id);
                piece.returning.push_back(piece.rows.size());
            }
            piece.opt_outs = piece.opt_outs || stored.change.is_opt_out();
        }
        piece.basis_dropped = piece.basis_dropped || row.basis_dropped;
        piece.rows.push_back(std::move(stored));
    }
    return piece;
}

bool import(ledger::store& store, import_piece& piece, base::wall_time now) {
    bool returning = false;
    for (const std::size_t index : piece.returning) {
        ledger::new_row& row = piece.rows[index];
        if (store.changes().issued(row.original, row.change)) {
            returning = true;
            continue;
        }
        row.invalid = ledger::reason{"unknown_change_id",
                                     "the change_id was not issued by this ledger for this address and subscription: "
                                     "remove the column to send the row as a new change",
                                     "",
                                     {}};
    }
    std::uint64_t invalid = 0;
    for (const ledger::new_row& row : piece.rows) invalid += row.invalid.has_value();
    const auto file = store.files().find(piece.arrival);
    bool gated = file && file->gate == ledger::file_gate::check;
    if (returning && !gated) {
        store.files().set_gate(piece.arrival, ledger::file_gate::check);
        gated = true;
    }
    store.changes().append(piece.rows);
    store.files().progress(piece.arrival, piece.position.rows, piece.position.offset, invalid);
    if (piece.ended)
        store.files().end_reading({piece.arrival, now, piece.fault, piece.ignored_columns, piece.size,
                                   piece.modified_ns});
    return gated;
}

}  // namespace consent_sync::service
