// Opt-outs that were sent ahead of the bulk cursor. An older change of their key that the cursor meets later is
// superseded: without this table a restart between the two would let the older opt-in out again.
#pragma once

#include <span>
#include <utility>

#include "ledger/database.hpp"
#include "ledger/place_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// The table, and a copy of it in memory (place_table) so that the bulk lane pays no look-up on disk.
// An entry that is in memory but was rolled back on disk is harmless: the transaction is tried again.
class overtakes {
  public:
    explicit overtakes(database& db);

    void add(std::span<const std::pair<consent::place, consent::key_hash>> opt_outs);
    // Entries of opt-outs at or below `place` have been passed by everything older.
    void remove_up_to(consent::place place);
    // The newest recorded opt-out whose key has this hash; place() if none. The caller compares the keys.
    consent::place find(consent::key_hash hash) const;
    // All recorded opt-outs of the hash, for the case that two keys share it.
    std::vector<consent::place> find_all(consent::key_hash hash);
    std::size_t size() const { return newest_.size(); }

  private:
    void load(database& db);

    statement add_, list_, remove_, find_all_;
    place_table newest_;
};

}  // namespace consent_sync::ledger
