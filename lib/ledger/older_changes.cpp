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

older_changes::older_changes(change_table& changes) : changes_(changes) {}

std::vector<fetched_change> older_changes::find(std::span<const consent::place> changes) {
    boost::unordered_flat_map<consent::key_hash, std::vector<asked_key>> asked;
    consent::place end;
    for (fetched_change& newer : changes_.fetch(changes)) {
        end = std::max(end, newer.change.id);
        asked[newer.hash].push_back({std::move(newer.change), {}});
    }
    changes_.blocks().scan(consent::place(), consent::place(end.id() - 1), [&asked](const scanned_row& at) {
        if (!at.end) return;
        if (at.end->verdict != consent::verdict::confirmed && at.end->verdict != consent::verdict::unconfirmed) return;
        const auto found = asked.find(at.row.hash());
        if (found == asked.end()) return;
        for (asked_key& key : found->second)
            if (at.id < key.newer.id && at.row.same_key(key.newer)) key.older = std::max(key.older, at.id);
    });
    std::vector<consent::place> places;
    for (const auto& [hash, keys] : asked)
        for (const asked_key& key : keys)
            if (key.older) places.push_back(key.older);
    std::sort(places.begin(), places.end());
    return changes_.fetch(places);
}

}  // namespace consent_sync::ledger
