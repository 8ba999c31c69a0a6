#include "ledger/history_queries.hpp"

#include <algorithm>

#include "ledger/ranges.hpp"
#include "ledger/schema.hpp"

namespace consent_sync::ledger {
namespace {

history_entry read_entry(const scanned_row& at) {
    history_entry e;
    e.change = at.row.change(at.id);
    if (!at.end) return e;
    e.verdict = at.end->verdict;
    if (e.verdict == consent::verdict::confirmed) e.success = at.end->success;
    e.settled_by = at.end->attempt;
    e.hubspot_time_ms = at.end->hubspot_time_ms;
    return e;
}

bool carries(const std::vector<row_range>& ranges, consent::place place) {
    return std::any_of(ranges.begin(), ranges.end(), [place](const row_range& r) {
        return r.arrival == place.arrival() && r.first <= place.row() && place.row() <= r.last;
    });
}

}  // namespace

base::result<std::unique_ptr<history_reader>> history_reader::open(const std::string& path) {
    return open_reader<history_reader>(path);
}

history_reader::history_reader(std::unique_ptr<database> db)
    : db_(std::move(db)),
      files_(*db_),
      attempts_(*db_),
      blocks_(*db_),
      reason_(db_->prepare("SELECT category, message, correlation_id, superseded_by FROM reasons WHERE id=?")),
      oldest_(db_->prepare("SELECT min(claimed_at) FROM files")) {}

base::result<history> history_reader::find(const std::string& subscriber) {
    return read_at_once(*db_, [&] { return find_all(subscriber); });
}

history history_reader::find_all(const std::string& subscriber) {
    history found;
    oldest_.run_with();
    if (oldest_.step() && !oldest_.is_null(0)) found.since = base::from_unix_ms(oldest_.integer(0));
    oldest_.restart();
    blocks_.scan(consent::place(), consent::place(INT64_MAX), [&](const scanned_row& at) {
        if (consent::same_subscriber(at.row.subscriber, subscriber)) found.entries.push_back(read_entry(at));
    });
    for (history_entry& e : found.entries) {
        if (auto file = files_.find(e.change.id.arrival())) e.file = std::move(*file);
        add_reason(e);
    }
    if (!found.entries.empty()) add_attempts(found.entries);
    return found;
}

void history_reader::add_reason(history_entry& entry) {
    reason_.run_with(entry.change.id.id());
    if (reason_.step())
        entry.reason = {reason_.text(0), reason_.text(1), reason_.text(2), consent::place(reason_.integer(3))};
    reason_.restart();
}

// Looks at all attempts: after a clock jump an attempt may seem older than its file.
void history_reader::add_attempts(std::vector<history_entry>& entries) {
    attempts_.each_since(base::wall_time{}, [&entries](attempt_record&& attempt) {
        const std::vector<row_range> ranges = parse_ranges(attempt.changes);
        for (history_entry& e : entries)
            if (carries(ranges, e.change.id)) e.attempts.push_back(attempt);
        return true;
    });
}

}  // namespace consent_sync::ledger
