// Opt-outs that were sent ahead of the bulk cursor. An older change of their key that the cursor meets later is
// superseded: without this table a restart between the two would let the older opt-in out again.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "consent/key.hpp"
#include "consent/place.hpp"
#include "ledger/database.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// Maps the hash of a key to the newest place that was put for it. A slot takes twelve bytes, and at most two thirds of
// the slots are used. It never needs twice its room while it grows: a million opt-outs may be ahead of the bulk lane.
//
// It keeps the upper half of a hash only. So two hashes may share an entry, very rarely, as two keys may share a hash:
// the caller compares the keys.
class place_table {
  public:
    std::size_t size() const { return size_; }

    // The place of the hash becomes `place`, unless it is a newer one already.
    void put(consent::key_hash hash, consent::place place);
    // place(): there is none.
    consent::place find(consent::key_hash hash) const;
    // Call it some time before find() of this hash: it loads the slot into the cache.
    void expect(consent::key_hash hash) const {
        const part& p = parts_[hash % part_count];
        if (p.used != 0) __builtin_prefetch(&p.marks[p.home(mark_of(hash))]);
    }
    // Removes the hash if its place is not newer than `place`.
    void remove_up_to(consent::key_hash hash, consent::place place);

  private:
    // Parts grow one after the other. Open addressing, each entry in the first free slot from its own one on.
    struct part {
        std::vector<std::uint32_t> marks;  // 0: free; a search reads only these
        std::vector<consent::place> places;
        std::size_t used = 0;

        std::size_t home(std::uint32_t mark) const { return (std::uint64_t{mark} * marks.size()) >> 32; }
        std::size_t next(std::size_t slot) const { return slot + 1 == marks.size() ? 0 : slot + 1; }
        std::size_t find(std::uint32_t mark) const;  // its slot, or the free one where it belongs
        void grow();
        void remove(std::size_t slot);
    };
    static constexpr std::size_t part_count = 64;

    static std::uint32_t mark_of(consent::key_hash hash) {
        const auto upper = static_cast<std::uint32_t>(hash >> 32);
        return upper == 0 ? 1 : upper;
    }

    std::array<part, part_count> parts_;  // by the lowest bits of the hash
    std::size_t size_ = 0;
};

// The table has a row for each attempt that sent opt-outs ahead. A copy of it is in memory, so that the bulk lane looks
// nothing up on disk. An entry that is in memory and was rolled back on disk is harmless: the transaction is tried
// again.
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
    void expect(consent::key_hash hash) const { newest_.expect(hash); }  // call it some time before find()
    // All recorded opt-outs of the hash, for the rare case that two keys share it: reads the whole table.
    std::vector<consent::place> find_all(consent::key_hash hash);
    std::size_t size() const { return newest_.size(); }

  private:
    statement add_, all_, passed_, remove_;
    place_table newest_;
    std::string bytes_;  // of the row that is written; its room is used again
};

}  // namespace consent_sync::ledger
