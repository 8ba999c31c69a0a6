#include "ledger/overtakes.hpp"

namespace consent_sync::ledger {

overtakes::overtakes(database& db)
    : add_(db.prepare("INSERT OR REPLACE INTO overtakes(id, hash) VALUES(?,?)")),
      list_(db.prepare("SELECT id, hash FROM overtakes WHERE id<=? ORDER BY id")),
      remove_(db.prepare("DELETE FROM overtakes WHERE id<=?")),
      find_all_(db.prepare("SELECT id FROM overtakes WHERE hash=?")) {
    load(db);
}

void overtakes::load(database& db) {
    statement all = db.prepare("SELECT id, hash FROM overtakes");
    all.run_with();
    while (all.step()) newest_.put(static_cast<consent::key_hash>(all.integer(1)), consent::place(all.integer(0)));
    all.restart();
}

void overtakes::add(std::span<const std::pair<consent::place, consent::key_hash>> opt_outs) {
    for (const auto& [place, hash] : opt_outs) {
        add_.run_with(place.id(), hash).execute();
        newest_.put(hash, place);
    }
}

void overtakes::remove_up_to(consent::place place) {
    if (newest_.size() == 0) return;
    list_.run_with(place.id());
    bool any = false;
    while (list_.step()) {
        any = true;
        newest_.remove_up_to(static_cast<consent::key_hash>(list_.integer(1)), place);
    }
    list_.restart();
    if (any) remove_.run_with(place.id()).execute();
}

consent::place overtakes::find(consent::key_hash hash) const { return newest_.find(hash); }

std::vector<consent::place> overtakes::find_all(consent::key_hash hash) {
    std::vector<consent::place> places;
    find_all_.run_with(hash);
    while (find_all_.step()) places.emplace_back(find_all_.integer(0));
    find_all_.restart();
    return places;
}

}  // namespace consent_sync::ledger
