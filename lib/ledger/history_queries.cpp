#include "ledger/history_queries.hpp"

#include <algorithm>

#include "ledger/change_row.hpp"
#include "ledger/ranges.hpp"

namespace consent_sync::ledger {
namespace {

history_entry read_entry(const statement& row) {
    history_entry e;
    e.change = read_change(row);
    if (row.integer(7) != 0) e.verdict = static_cast<consent::verdict>(row.integer(7));
    if (e.verdict == consent::verdict::confirmed) e.success = static_cast<consent::success_reason>(row.integer(8));
    e.settled_by = row.integer(9);
    e.hubspot_time_ms = row.integer(10);
    e.reason = {row.text(11), row.text(12), row.text(13), consent::place(row.integer(14))};
    return e;
}

bool carries(const std::vector<row_range>& ranges, consent::place place) {
    return std::any_of(ranges.begin(), ranges.end(), [place](const row_range& r) {
        return r.arrival == place.arrival() && r.first <= place.row() && place.row() <= r.last;
    });
}

}  // namespace

base::result<std::unique_ptr<history_reader>> history_reader::open(const std::string& path) {
    try {
        auto db = std::make_unique<database>(path, database::access::read_only);
        return std::unique_ptr<history_reader>(new history_reader(std::move(db)));
    } catch (const database_error& e) {
        return base::error{e.code, e.what()};
    }
}

// NOCASE folds ASCII alone, as the key of a change does.
history_reader::history_reader(std::unique_ptr<database> db)
    : db_(std::move(db)),
      files_(*db_),
      attempts_(*db_),
      changes_(db_->prepare(
          "SELECT c.id, c.subscriber, c.subscription, c.channel, c.state, c.basis, c.explanation, c.verdict, c.reason, "
          "c.attempt, c.hubspot_at, r.category, r.message, r.correlation_id, r.superseded_by FROM changes c "
          "LEFT JOIN reasons r ON r.id=c.id WHERE c.subscriber=? COLLATE NOCASE ORDER BY c.id")),
      oldest_(db_->prepare("SELECT min(claimed_at) FROM files")) {}

base::result<history> history_reader::find(const std::string& subscriber) {
    try {
        db_->execute("BEGIN");
        history found = find_all(subscriber);
        db_->execute("COMMIT");
        return found;
    } catch (const database_error& e) {
        try {
            db_->execute("ROLLBACK");
        } catch (const database_error&) {  // it never began
        }
        return base::error{e.code, e.what()};
    }
}

history history_reader::find_all(const std::string& subscriber) {
    history found;
    oldest_.run_with();
    if (oldest_.step() && !oldest_.is_null(0)) found.since = base::from_unix_ms(oldest_.integer(0));
    oldest_.restart();
    changes_.run_with(subscriber);
    while (changes_.step()) found.entries.push_back(read_entry(changes_));
    changes_.restart();
    for (history_entry& e : found.entries)
        if (auto file = files_.find(e.change.id.arrival())) e.file = std::move(*file);
    if (!found.entries.empty()) add_attempts(found.entries);
    return found;
}

// All attempts are looked at: by a clock that jumped one may seem older than its file.
void history_reader::add_attempts(std::vector<history_entry>& entries) {
    attempts_.each_since(base::wall_time{}, [&entries](attempt_record&& attempt) {
        const std::vector<row_range> ranges = parse_ranges(attempt.changes);
        for (history_entry& e : entries)
            if (carries(ranges, e.change.id)) e.attempts.push_back(attempt);
    });
}

}  // namespace consent_sync::ledger
