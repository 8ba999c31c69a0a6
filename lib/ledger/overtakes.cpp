#include "ledger/overtakes.hpp"

#include <algorithm>

#include "ledger/block_sum.hpp"
#include "ledger/varint.hpp"

namespace consent_sync::ledger {
namespace {

// Bytes of one attempt: for each opt-out its place as the distance from the one before, then its hash; then the sum.
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

// The column of the newest is no part of the sum, but of what was summed up.
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
