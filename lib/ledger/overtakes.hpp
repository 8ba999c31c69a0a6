// Opt-outs that were sent ahead of the bulk cursor. An older change of their key that the cursor meets later is
// superseded: without this table a restart between the two would let the older opt-in out again.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ledger/database.hpp"
#include "ledger/place_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// The table, a row for each attempt that sent opt-outs ahead, and a copy of it in memory (place_table) so that the bulk
// lane pays no look-up on disk. An entry that is in memory but was rolled back on disk is harmless: the transaction is
// tried again.
class overtakes {
  public:
    using opt_outs = std::span<const std::pair<consent::place, consent::key_hash>>;

    // Reads the whole table. Throws database_error(corrupt) where it is not as it was written.
    explicit overtakes(const database& db);

    void add(attempt_id attempt, opt_outs all);
    // Everything older than the opt-outs at or below `place` has passed: attempts that sent no others are removed.
    void remove_up_to(consent::place place);
    // The newest recorded opt-out whose key has this hash; place() if none. The caller compares the keys.
    consent::place find(consent::key_hash hash) const;
    void expect(consent::key_hash hash) const { newest_.expect(hash); }  // find() of it comes soon
    // All recorded opt-outs of the hash, for the rare case that two keys share it: reads the whole table.
    std::vector<consent::place> find_all(consent::key_hash hash);
    std::size_t size() const { return newest_.size(); }

  private:
    statement add_, all_, passed_, remove_;
    place_table newest_;
    std::string bytes_;  // of the row that is written; its room is used again
};

}  // namespace consent_sync::ledger
