#include "ledger/key_scans.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace consent_sync::ledger {
namespace {

struct waiting_row {
    consent::change change;
    consent::place since;  // changes of its key after this place are newer
    consent::place newer;
};

struct asked_key {
    consent::change newer;
    consent::place older;
};

}  // namespace

newer_changes::newer_changes(change_table& changes) : changes_(changes) {}

std::size_t newer_changes::supersede_returning(consent::arrival_number arrival) {
    return supersede(arrival, came_back::returning);
}
std::size_t newer_changes::supersede_released(consent::arrival_number arrival) {
    return supersede(arrival, came_back::released);
}
std::size_t newer_changes::supersede_reopened(consent::arrival_number arrival) {
    return supersede(arrival, came_back::reopened);
}

std::size_t newer_changes::supersede(consent::arrival_number arrival, came_back how) {
    const bool returning = how == came_back::returning;
    boost::unordered_flat_map<consent::key_hash, std::vector<waiting_row>> waiting;
    consent::place lowest(arrival, consent::place::row_max);
    const consent::place last(arrival, consent::place::row_max);
    changes_.blocks().scan(consent::place(arrival, 0), last, [&](const scanned_row& at) {
        if (at.end) return;
        if (returning && !at.row.original) return;
        if (how == came_back::released && at.row.is_opt_out())
            return;  // chosen while the file was held: the lanes keep its order
        const consent::place since = returning ? at.row.original : at.id;
        lowest = std::min(lowest, since);
        waiting[at.row.hash()].push_back({at.row.change(at.id), since, {}});
    });
    if (waiting.empty()) return 0;

    // An invalid opt-in was never sent, so it does not count as newer. An invalid opt-out does: in doubt, the opt-out
    // wins.
    const consent::place end(returning ? consent::place(arrival, 0).id() - 1 : INT64_MAX);
    changes_.blocks().scan(consent::place(lowest.id() + 1), end, [&waiting](const scanned_row& at) {
        if (at.end && at.end->verdict == consent::verdict::invalid && !at.row.is_opt_out()) return;
        const auto found = waiting.find(at.row.hash());
        if (found == waiting.end()) return;
        for (waiting_row& row : found->second)
            if (at.id > row.since && at.row.same_key(row.change)) row.newer = std::max(row.newer, at.id);
    });

    std::vector<settled_change> superseded;
    for (const auto& [hash, rows] : waiting)
        for (const waiting_row& row : rows) {
            if (!row.newer) continue;
            settled_change end_of_row;
            end_of_row.id = row.change.id;
            end_of_row.verdict = consent::verdict::superseded;
            end_of_row.reason = std::make_shared<const reason>(
                reason{"superseded", "a newer change of the same key is in the ledger", "", row.newer});
            superseded.push_back(std::move(end_of_row));
        }
    changes_.settle(superseded);
    return superseded.size();
}

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
