#include "ledger/overtakes.hpp"

#include <algorithm>

#include "ledger/block.hpp"

namespace consent_sync::ledger {
namespace {

constexpr std::size_t slots_first = 16;

// A part is full when two thirds of its slots are taken: then it takes five probes, on average, to miss a hash.
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

// Entries behind it move up, as far as they are there because this slot was taken.
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
    // Most hashes are not there: their places need not be loaded into the cache.
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

namespace {

// The bytes of an attempt: for each opt-out the distance of its place from the one before, and its hash; at the end the
// sum.
void format(std::string& bytes, attempt_id attempt, overtakes::opt_outs all) {
    bytes.clear();
    std::int64_t before = 0;
    for (const auto& [place, hash] : all) {
        append_signed(bytes, place.id() - before);
        append_fixed(bytes, hash);
        before = place.id();
    }
    seal(bytes, block_kind::overtakes, attempt);
}

[[noreturn]] void fail(attempt_id attempt) {
    throw database_error(base::errc::corrupt, "the opt-outs that attempt " + std::to_string(attempt) +
                                                  " sent ahead are not as they were written");
}

// The sum does not cover the column `newest`; but that is the newest of the places that it covers.
template <class Look>
void parse(const statement& row, Look look) {
    const attempt_id attempt = row.integer(0);
    const auto bytes = find_sealed(row.view(1), block_kind::overtakes, attempt);
    if (!bytes) fail(attempt);
    varint_reader in(*bytes);
    std::int64_t place = 0;
    std::int64_t newest = 0;
    while (!in.empty()) {
        place += in.signed_number();
        newest = std::max(newest, place);
        look(consent::place(place), consent::key_hash{in.fixed()});
    }
    if (row.integer(2) != newest) fail(attempt);
}

}  // namespace

overtakes::overtakes(const database& db)
    : add_(db.prepare("INSERT OR REPLACE INTO overtakes(attempt, newest, opt_outs) VALUES(?,?,?)")),
      all_(db.prepare("SELECT attempt, opt_outs, newest FROM overtakes")),
      passed_(db.prepare("SELECT attempt, opt_outs, newest FROM overtakes WHERE newest<=?")),
      remove_(db.prepare("DELETE FROM overtakes WHERE newest<=?")) {
    all_.run_with();
    while (all_.step()) parse(all_, [this](consent::place place, consent::key_hash hash) { newest_.put(hash, place); });
    all_.restart();
}

void overtakes::add(attempt_id attempt, opt_outs all) {
    if (all.empty()) return;
    consent::place newest;
    for (const auto& [place, hash] : all) {
        newest_.put(hash, place);
        newest = std::max(newest, place);
    }
    format(bytes_, attempt, all);
    add_.run_with(attempt, newest.id(), blob{bytes_}).execute();
}

void overtakes::remove_up_to(consent::place place) {
    passed_.run_with(place.id());
    bool any = false;
    while (passed_.step()) {
        any = true;
        parse(passed_, [&](consent::place, consent::key_hash hash) { newest_.remove_up_to(hash, place); });
    }
    passed_.restart();
    if (any) remove_.run_with(place.id()).execute();
}

consent::place overtakes::find(consent::key_hash hash) const { return newest_.find(hash); }

std::vector<consent::place> overtakes::find_all(consent::key_hash hash) {
    std::vector<consent::place> places;
    all_.run_with();
    while (all_.step())
        parse(all_, [&](consent::place place, consent::key_hash of) {
            if (of == hash) places.push_back(place);
        });
    all_.restart();
    return places;
}

}  // namespace consent_sync::ledger
