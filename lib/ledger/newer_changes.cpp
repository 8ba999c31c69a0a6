#include "ledger/newer_changes.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace consent_sync::ledger {
namespace {

struct waiting_row {
    consent::change change;
    consent::place since;  // changes of its key after this place are newer
    consent::place newer;
};

consent::change read_key(const statement& row) {
    consent::change c;
    c.id = consent::place(row.integer(0));
    c.subscriber = row.text(1);
    c.subscription = row.integer(2);
    c.channel = static_cast<consent::channel>(row.integer(3));
    c.state = static_cast<consent::status_state>(row.integer(4));
    return c;
}

}  // namespace

newer_changes::newer_changes(database& db, change_table& changes)
    : changes_(changes),
      waiting_(db.prepare("SELECT id, subscriber, subscription, channel, state, original FROM changes "
                          "WHERE id BETWEEN ? AND ? AND verdict=0")),
      // An invalid opt-in never asked HubSpot for anything, so it does not stand in the way; an invalid opt-out does:
      // when in doubt nobody is subscribed again.
      scan_(db.prepare("SELECT id, subscriber, subscription, channel, state FROM changes "
                       "WHERE id>? AND id<? AND subscriber IS NOT NULL AND (verdict<>3 OR state=2)")) {}

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
    waiting_.run_with(consent::place(arrival, 0).id(), consent::place(arrival, consent::place::row_max).id());
    while (waiting_.step()) {
        const auto original = waiting_.optional_integer(5);
        if (returning && !original) continue;
        consent::change c = read_key(waiting_);
        if (how == came_back::released && c.is_opt_out())
            continue;  // chosen while the file was held: the lanes keep its order
        const consent::place since = returning ? consent::place(*original) : c.id;
        lowest = std::min(lowest, since);
        waiting[consent::hash_key(c)].push_back({std::move(c), since, {}});
    }
    waiting_.restart();
    if (waiting.empty()) return 0;

    const consent::place end = returning ? consent::place(arrival, 0) : consent::place(INT64_MAX);
    scan_.run_with(lowest.id(), end.id());
    while (scan_.step()) {
        const consent::change c = read_key(scan_);
        const auto found = waiting.find(consent::hash_key(c));
        if (found == waiting.end()) continue;
        for (waiting_row& row : found->second)
            if (c.id > row.since && consent::same_key(c, row.change)) row.newer = std::max(row.newer, c.id);
    }
    scan_.restart();

    std::vector<settled_change> superseded;
    for (const auto& [hash, rows] : waiting)
        for (const waiting_row& row : rows) {
            if (!row.newer) continue;
            settled_change end_of_row;
            end_of_row.id = row.change.id;
            end_of_row.verdict = consent::verdict::superseded;
            end_of_row.reason = reason{"superseded", "a newer change of the same key is in the ledger", "", row.newer};
            superseded.push_back(std::move(end_of_row));
        }
    changes_.settle(superseded);
    return superseded.size();
}

}  // namespace consent_sync::ledger
