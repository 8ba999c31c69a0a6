// The changes of the ledger: appended as files are read, chosen in order of their place, settled once.
#pragma once

#include <span>
#include <vector>

#include "ledger/database.hpp"
#include "ledger/file_table.hpp"
#include "ledger/overtakes.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

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
    // Those changes whatever their verdict, for assertions. Unknown places are left out.
    std::vector<fetched_change> fetch(std::span<const consent::place> places);
    // The next deferred changes of a key, in order; they leave the deferred table.
    std::vector<fetched_change> fetch_deferred(consent::key_hash hash, std::size_t most);
    void defer(std::span<const std::pair<consent::key_hash, consent::place>> changes);
    bool any_deferred(consent::key_hash hash);
    // SUBSCRIBED rows of a file that have no verdict.
    std::uint64_t count_opt_ins(consent::arrival_number arrival);

    // Each change gets its verdict. One that has a verdict already is a broken invariant: database_error(corrupt).
    void settle(std::span<const settled_change> changes);

    // Whether this ledger issued `original` for the key of `change`.
    bool issued(consent::place original, const consent::change& change);

  private:
    static void bind_row(statement& append, int& index, const new_row& row);
    fetched_change read_fetched(const statement& row) const;
    void fetch_segment(consent::place after, consent::place to, std::size_t most, fetched& out);
    consent::place overtaken_by(const fetched_change& candidate);
    void mark_overtaken(std::span<fetched_change> candidates);
    std::optional<consent::change> find(consent::place id);
    void settle_run(std::span<const settled_change> run);

    database& db_;
    file_table& files_;
    overtakes& ahead_;
    statement append_, append_many_, append_reason_, bulk_, opt_outs_, one_, settle_, defer_, deferred_, undefer_,
        any_deferred_, opt_ins_;
};

}  // namespace consent_sync::ledger
