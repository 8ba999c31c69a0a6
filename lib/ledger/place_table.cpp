#include "ledger/place_table.hpp"

#include <algorithm>

namespace consent_sync::ledger {
namespace {

constexpr std::size_t slots_first = 16;

// A part is full when two of three slots are taken: then five looks tell, on average, that a hash is not there.
bool is_full(std::size_t used, std::size_t slots) { return (used + 1) * 3 > slots * 2; }

}  // namespace

std::size_t place_table::part::find(std::uint32_t mark) const {
    std::size_t slot = home(mark);
    while (marks[slot] != 0 && marks[slot] != mark) slot = next(slot);
    return slot;
}

void place_table::part::grow() {
    part larger;
    const std::size_t slots = std::max(slots_first, marks.size() + marks.size() / 4);
    larger.marks.resize(slots);
    larger.places.resize(slots);
    for (std::size_t i = 0; i < marks.size(); ++i) {
        if (marks[i] == 0) continue;
        const std::size_t slot = larger.find(marks[i]);
        larger.marks[slot] = marks[i];
        larger.places[slot] = places[i];
    }
    larger.used = used;
    *this = std::move(larger);
}

// What lies behind moves up, as long as it came there because this slot was taken.
void place_table::part::remove(std::size_t slot) {
    for (std::size_t from = next(slot); marks[from] != 0; from = next(from)) {
        const std::size_t own = home(marks[from]);
        const bool stays = slot <= from ? slot < own && own <= from : slot < own || own <= from;
        if (stays) continue;
        marks[slot] = marks[from];
        places[slot] = places[from];
        slot = from;
    }
    marks[slot] = 0;
    places[slot] = {};
    --used;
}

void place_table::put(consent::key_hash hash, consent::place place) {
    part& p = parts_[hash % part_count];
    if (is_full(p.used, p.marks.size())) p.grow();
    const std::uint32_t mark = mark_of(hash);
    const std::size_t slot = p.find(mark);
    if (p.marks[slot] == 0) {
        p.marks[slot] = mark;
        ++p.used;
        ++size_;
    }
    p.places[slot] = std::max(p.places[slot], place);
}

consent::place place_table::find(consent::key_hash hash) const {
    const part& p = parts_[hash % part_count];
    if (p.used == 0) return {};
    const std::size_t slot = p.find(mark_of(hash));
    // Most are not there: their places need not come into the cache.
    return p.marks[slot] == 0 ? consent::place() : p.places[slot];
}

void place_table::remove_up_to(consent::key_hash hash, consent::place place) {
    part& p = parts_[hash % part_count];
    if (p.used == 0) return;
    const std::size_t slot = p.find(mark_of(hash));
    if (p.marks[slot] == 0 || p.places[slot] > place) return;
    p.remove(slot);
    --size_;
    if (p.used == 0) p = {};
}

}  // namespace consent_sync::ledger
