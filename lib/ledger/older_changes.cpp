#include "ledger/older_changes.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace consent_sync::ledger {
namespace {

struct asked_key {
    consent::change newer;
    consent::place older;
};

}  // namespace

older_changes::older_changes(database& db, change_table& changes)
    : changes_(changes),
      scan_(db.prepare("SELECT id, subscriber, subscription, channel FROM changes WHERE id<? AND verdict IN (1, 5)")) {
    static_assert(static_cast<int>(consent::verdict::confirmed) == 1);
    static_assert(static_cast<int>(consent::verdict::unconfirmed) == 5);
}

std::vector<fetched_change> older_changes::find(std::span<const consent::place> changes) {
    boost::unordered_flat_map<consent::key_hash, std::vector<asked_key>> asked;
    consent::place end;
    for (fetched_change& newer : changes_.fetch(changes)) {
        end = std::max(end, newer.change.id);
        asked[newer.hash].push_back({std::move(newer.change), {}});
    }
    scan_.run_with(end.id());
    while (scan_.step()) {
        consent::change c;
        c.id = consent::place(scan_.integer(0));
        c.subscriber = scan_.text(1);
        c.subscription = scan_.integer(2);
        c.channel = static_cast<consent::channel>(scan_.integer(3));
        const auto found = asked.find(consent::hash_key(c));
        if (found == asked.end()) continue;
        for (asked_key& key : found->second)
            if (c.id < key.newer.id && consent::same_key(c, key.newer)) key.older = std::max(key.older, c.id);
    }
    scan_.restart();
    std::vector<consent::place> places;
    for (const auto& [hash, keys] : asked)
        for (const asked_key& key : keys)
            if (key.older) places.push_back(key.older);
    std::sort(places.begin(), places.end());
    return changes_.fetch(places);
}

}  // namespace consent_sync::ledger
