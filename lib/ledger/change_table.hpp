// The changes of the ledger: appended as files are read, chosen in order of their place, settled once.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ledger/block_reader.hpp"
#include "ledger/database.hpp"
#include "ledger/file_table.hpp"
#include "ledger/overtakes.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// The end of a change that is superseded by an opt-out of its key that arrived together with it.
settled_change give_way(consent::place change, consent::place opt_out);

// Changes whose key is busy, beyond those that are kept in memory. All members throw database_error and run inside
// store::transact().
class deferred_table {
  public:
    explicit deferred_table(database& db);

    void add(std::span<const std::pair<consent::key_hash, consent::place>> changes);
    bool any(consent::key_hash hash);
    // Removes the first changes of the key, at most `most`, and returns them in order.
    std::vector<consent::place> take(consent::key_hash hash, std::size_t most);

  private:
    statement add_, first_, remove_, any_;
};

// All members throw database_error and run inside store::transact().
class change_table {
  public:
    change_table(database& db, file_table& files, overtakes& ahead);

    void append(std::span<const new_row> rows);

    // Unsettled changes of the bulk lane after `after` and not beyond `bound`, in order, at most `most`. Skips files
    // that are or were held, and stops before the oldest file that is not read to its end.
    fetched fetch_bulk(consent::place after, consent::place bound, std::size_t most);
    // The same of one released file, in (after, to].
    fetched fetch_released(consent::place after, consent::place to, std::size_t most);
    // Unsettled opt-outs in (after, to], in order.
    fetched fetch_opt_outs(consent::place after, consent::place to, std::size_t most);
    // The changes at these places, whatever their verdict, for assertions. Unknown places are left out.
    std::vector<fetched_change> fetch(std::span<const consent::place> places);
    // The next deferred changes of a key, in order; they leave the deferred table.
    std::vector<fetched_change> fetch_deferred(consent::key_hash hash, std::size_t most);
    void defer(std::span<const std::pair<consent::key_hash, consent::place>> changes) { deferred_.add(changes); }
    bool any_deferred(consent::key_hash hash) { return deferred_.any(hash); }
    // SUBSCRIBED rows of a file that have no verdict.
    std::uint64_t count_opt_ins(consent::arrival_number arrival);
    // Rows of a file that gave way to an opt-out that arrived together with them.
    std::uint64_t count_contradictions(consent::arrival_number arrival);

    // Each change gets its verdict. Returns those that have one already, or are not there: nothing is written for them.
    std::vector<const settled_change*> settle(std::span<const settled_change> changes);

    // Takes back the verdicts of a file's rows that are one of these, and their reasons. Returns how many.
    std::uint64_t reopen(consent::arrival_number arrival, std::initializer_list<consent::verdict> verdicts);
    // The same for its rows that are invalid for the reason `category`.
    std::uint64_t reopen_invalid(consent::arrival_number arrival, const std::string& category);
    // Its rows without a verdict, except opt-outs, become invalid for this reason.
    std::uint64_t invalidate_waiting(consent::arrival_number arrival, const reason& why);
    // Removes a file's first blocks, until at least `most` rows are gone. Returns how many were, and where the last
    // was.
    std::pair<std::uint64_t, consent::place> remove_first(consent::arrival_number arrival, std::uint64_t most);

    // Whether this ledger issued `original` for the key of `change`.
    bool issued(consent::place original, const consent::change& change);

    block_reader& blocks() { return blocks_; }

  private:
    using pick = std::function<bool(const verdict_block&, unsigned index)>;
    void append_block(block_id block, std::span<const new_row> rows, bool may_exist);
    void put(block_id block, const verdict_block& verdicts, unsigned unsent_opt_outs_before);
    std::size_t fetch_from(block_id block, const verdict_block& verdicts, const pick& wanted, std::size_t most,
                           std::vector<fetched_change>& out);
    void fetch_segment(consent::place after, consent::place to, std::size_t most, fetched& out);
    consent::place overtaken_by(const fetched_change& candidate);
    void mark_overtaken(std::span<fetched_change> candidates);
    void settle_in_block(block_id block, std::span<const settled_change*> changes,
                         std::vector<const settled_change*>& refused);
    void append_reason(const settled_change& change, const reason& why);
    void append_local_reason(consent::place change, const reason& why);
    void reopen_row(verdict_block& verdicts, consent::place change);
    std::uint64_t change_blocks(consent::arrival_number arrival,
                                const std::function<std::uint64_t(block_id, verdict_block&)>& change);

    file_table& files_;
    overtakes& ahead_;
    block_reader blocks_;
    deferred_table deferred_;
    statement insert_verdicts_, update_verdicts_, update_all_, insert_rows_, update_rows_, append_reason_,
        remove_reason_, count_category_, of_category_, remove_verdicts_, remove_rows_;
    std::string bytes_;  // of the block that is written; its room is used again
};

}  // namespace consent_sync::ledger
