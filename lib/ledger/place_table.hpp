// Hash of a key: the newest place that was put for it. Twelve bytes a slot, at most two of three taken, and it never
// needs twice its room while it grows: a million opt-outs may be ahead of the bulk lane.
//
// Of a hash it keeps the upper half alone, so two hashes may, very rarely, share an entry, as two keys may share a
// hash: whoever finds a place compares the keys.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "consent/key.hpp"
#include "consent/place.hpp"

namespace consent_sync::ledger {

class place_table {
  public:
    std::size_t size() const { return size_; }

    // The place of the hash becomes `place`, unless it is a newer one already.
    void put(consent::key_hash hash, consent::place place);
    // place(): there is none.
    consent::place find(consent::key_hash hash) const;
    // find() of this hash comes soon: gets its slot into the cache meanwhile.
    void expect(consent::key_hash hash) const {
        const part& p = parts_[hash % part_count];
        if (p.used != 0) __builtin_prefetch(&p.marks[p.home(mark_of(hash))]);
    }
    // Removes the hash if its place is not newer than `place`.
    void remove_up_to(consent::key_hash hash, consent::place place);

  private:
    // Parts grow one after the other. Open addressing, each entry in the first free slot from its own one on.
    struct part {
        std::vector<std::uint32_t> marks;  // 0: free; a search reads these alone
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

}  // namespace consent_sync::ledger
