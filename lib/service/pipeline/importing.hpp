// From rows of a file to rows of the ledger: the pure part of importing, and its one transaction.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "intake/file_reader.hpp"
#include "ledger/store.hpp"
#include "service/common/known_subscriptions.hpp"

namespace consent_sync::service {

// A piece of a file that goes into the ledger in one transaction.
struct import_piece {
    consent::arrival_number arrival = 0;
    std::vector<ledger::new_row> rows;
    std::vector<std::size_t> returning;           // indices of rows that carry a change_id
    intake::read_position position;               // behind the last row
    bool opt_outs = false;                        // among the rows that are to be sent
    std::map<std::int64_t, std::string> doubted;  // of opt-outs: subscriptions that HubSpot's list lacks, and why
    bool ended = false;                           // the file has no more rows
    std::uint64_t invalid = 0;                    // of rows, once they are imported
    std::uint64_t contradicted = 0;               // of rows, likewise: superseded by an opt-out that arrived with them
    std::uint64_t contradictions = 0;  // of `ended`: all such rows of the file, and those of later files that it ended
    std::string held;   // of `ended`, once it is imported: why it waits for an operator; empty: it does not
    std::string fault;  // why reading broke off; empty: it did not
    std::string ignored_columns;
    std::string suspicious_columns;  // those of them that look as if they said who may be mailed
    std::string notes;               // what else its owner ought to know
    std::uint64_t size = 0;          // of `ended`: the file when its end was believed
    std::int64_t modified_ns = 0;
    std::string sha256;          // of `ended`, if it is not that of the bytes that were hashed before
    std::uint64_t open_row = 0;  // of `ended`: where its last row begins, if the row's line has no end
};

// Moves rows over. In a file whose content was dropped before only opt-outs are sent again. `storage`: rows that nobody
// needs any more; the strings of both vectors are used again.
import_piece make_piece(consent::arrival_number arrival, std::vector<intake::row>& rows, bool duplicate,
                        intake::read_position position, const known_subscriptions& known = nullptr,
                        std::vector<ledger::new_row> storage = {});

// Why no change of this subscription should succeed; nothing: it may, or that is not known. Only changes that are not
// opt-outs are invalid by it: what a person has withdrawn is HubSpot's to judge.
std::optional<ledger::reason> unknown_subscription(const known_subscriptions& known, const consent::change& c);

// Says that an operator is needed: release or refuse.
void tell_held(consent::arrival_number arrival, const std::string& why);

// Why a file whose rows are all in the ledger waits for an operator (rules.hold_above); empty: it does not.
std::string why_held(const config::rule_settings& rules, std::uint64_t opt_ins, std::uint64_t rows);

// Inside store::transact(): sets the gate of a file that is read to its end and was counted or checked. Returns why it
// is held; empty: it is open.
std::string settle_gate(ledger::store& store, consent::arrival_number arrival, const config::rule_settings& rules);

// Inside store::transact(); may run again. Checks change_ids, stores the rows and how far the file was read, closes the
// file's gate before the first row with a change_id, holds the file at its end if the rules want it, supersedes what
// contradicts an opt-out that arrived together with it. Returns whether the gate is closed for all rows.
bool import(ledger::store& store, import_piece& piece, const config::rule_settings& rules, base::wall_time now);

}  // namespace consent_sync::service
