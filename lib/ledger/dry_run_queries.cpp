#include "ledger/dry_run_queries.hpp"

#include <algorithm>

namespace consent_sync::ledger {
namespace {

consent::change read_key(const statement& row) {
    consent::change c;
    c.id = consent::place(row.integer(0));
    c.subscriber = row.text(1);
    c.subscription = row.integer(2);
    c.channel = static_cast<consent::channel>(row.integer(3));
    return c;
}

}  // namespace

base::result<std::unique_ptr<dry_run_reader>> dry_run_reader::open(const std::string& path) {
    try {
        auto db = std::make_unique<database>(path, database::access::read_only);
        return std::unique_ptr<dry_run_reader>(new dry_run_reader(std::move(db)));
    } catch (const database_error& e) {
        return base::error{e.code, e.what()};
    }
}

dry_run_reader::dry_run_reader(std::unique_ptr<database> db)
    : db_(std::move(db)),
      files_(*db_),
      same_content_(db_->prepare("SELECT min(arrival) FROM files WHERE sha256=? AND claimed_at>=?")),
      // Unsent ones lie in open files alone.
      unsent_(db_->prepare(
          "SELECT c.id, c.subscriber, c.subscription, c.channel FROM files f JOIN changes c ON c.id BETWEEN "
          "f.arrival<<32 AND (f.arrival<<32)+4294967295 WHERE f.state<5 AND c.verdict=0")),
      waiting_(db_->prepare("SELECT coalesce(sum(rows-confirmed-rejected-invalid-superseded-unconfirmed),0) FROM files "
                            "WHERE state<5 AND gate<>2")),
      one_(db_->prepare("SELECT id, subscriber, subscription, channel FROM changes WHERE id=?")),
      newer_(db_->prepare(
          "SELECT id, subscriber, subscription, channel FROM changes WHERE id>? AND subscriber IS NOT NULL "
          "AND (verdict<>3 OR state=2)")) {}

base::result<dry_run_facts> dry_run_reader::ask(
    const std::string& sha256, base::wall_time since,
    const boost::unordered_flat_map<consent::key_hash, std::uint64_t>& opt_outs,
    std::vector<returning_row>& returning) {
    try {
        db_->execute("BEGIN");
        dry_run_facts facts;
        same_content_.run_with(sha256, base::to_unix_ms(since));
        if (same_content_.step() && !same_content_.is_null(0))
            facts.duplicate_of = static_cast<consent::arrival_number>(same_content_.integer(0));
        same_content_.restart();
        waiting_.run_with();
        waiting_.step();
        facts.waiting = static_cast<std::uint64_t>(waiting_.integer(0));
        waiting_.restart();
        if (facts.waiting > 0 && !opt_outs.empty()) {
            unsent_.run_with();
            while (unsent_.step())
                facts.superseded_in_ledger += opt_outs.contains(consent::hash_key(read_key(unsent_)));
            unsent_.restart();
        }
        if (!returning.empty()) find_newer(returning);
        db_->execute("COMMIT");
        return facts;
    } catch (const database_error& e) {
        try {
            db_->execute("ROLLBACK");
        } catch (const database_error&) {  // it never began
        }
        return base::error{e.code, e.what()};
    }
}

// As newer_changes does when such a file is imported.
void dry_run_reader::find_newer(std::vector<returning_row>& returning) {
    boost::unordered_flat_map<consent::key_hash, std::vector<returning_row*>> by_key;
    consent::place lowest(INT64_MAX);
    for (returning_row& row : returning) {
        one_.run_with(row.original.id());
        row.issued = one_.step() && consent::same_key(read_key(one_), row.change);
        one_.restart();
        if (!row.issued) continue;
        lowest = std::min(lowest, row.original);
        by_key[consent::hash_key(row.change)].push_back(&row);
    }
    if (by_key.empty()) return;
    newer_.run_with(lowest.id());
    while (newer_.step()) {
        const consent::change c = read_key(newer_);
        const auto found = by_key.find(consent::hash_key(c));
        if (found == by_key.end()) continue;
        for (returning_row* row : found->second)
            if (c.id > row->original && consent::same_key(c, row->change)) row->newer = true;
    }
    newer_.restart();
}

}  // namespace consent_sync::ledger
