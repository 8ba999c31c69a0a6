#include "ledger/dry_run_queries.hpp"

#include <algorithm>

#include "ledger/schema.hpp"

namespace consent_sync::ledger {

base::result<std::unique_ptr<dry_run_reader>> dry_run_reader::open(const std::string& path) {
    return open_reader<dry_run_reader>(path);
}

dry_run_reader::dry_run_reader(std::unique_ptr<database> db)
    : db_(std::move(db)),
      files_(*db_),
      blocks_(*db_),
      same_content_(db_->prepare("SELECT min(arrival) FROM files WHERE sha256=? AND claimed_at>=? AND "
                                 "NOT (state=6 AND rows=0)")),
      open_(db_->prepare("SELECT arrival FROM files WHERE state<5 ORDER BY arrival")),
      waiting_(db_->prepare("SELECT coalesce(sum(rows-confirmed-rejected-invalid-superseded-unconfirmed),0) FROM files "
                            "WHERE state<5 AND gate<>2")) {}

base::result<dry_run_facts> dry_run_reader::ask(
    const std::string& sha256, base::wall_time since,
    const boost::unordered_flat_map<consent::key_hash, std::uint64_t>& opt_outs,
    const boost::unordered_flat_set<consent::key_hash>& opt_ins, std::vector<returning_row>& returning) {
    return read_at_once(*db_, [&] {
        dry_run_facts facts;
        same_content_.run_with(sha256, base::to_unix_ms(since));
        if (same_content_.step() && !same_content_.is_null(0))
            facts.duplicate_of = static_cast<consent::arrival_number>(same_content_.integer(0));
        same_content_.restart();
        waiting_.run_with();
        waiting_.step();
        facts.waiting = static_cast<std::uint64_t>(waiting_.integer(0));
        waiting_.restart();
        if (facts.waiting > 0 && !opt_outs.empty()) facts.superseded_in_ledger = count_superseded(opt_outs);
        if (!opt_ins.empty()) facts.opt_ins_over_opt_outs = count_over_opt_outs(opt_ins);
        if (!returning.empty()) find_newer(returning);
        return facts;
    });
}

// Unsent changes are in open files only.
std::uint64_t dry_run_reader::count_superseded(
    const boost::unordered_flat_map<consent::key_hash, std::uint64_t>& opt_outs) {
    std::uint64_t count = 0;
    open_.run_with();
    while (open_.step()) {
        const auto arrival = static_cast<consent::arrival_number>(open_.integer(0));
        const consent::place last(arrival, consent::place::row_max);
        blocks_.scan(consent::place(arrival, 0), last, [&](const scanned_row& at) {
            if (!at.end) count += opt_outs.contains(at.row.hash());
        });
    }
    open_.restart();
    return count;
}

std::uint64_t dry_run_reader::count_over_opt_outs(const boost::unordered_flat_set<consent::key_hash>& opt_ins) {
    boost::unordered_flat_set<consent::key_hash> out;  // whose last change so far is an opt-out
    blocks_.scan(consent::place(1), consent::place(INT64_MAX), [&](const scanned_row& at) {
        const bool refused =
            at.end && (at.end->verdict == consent::verdict::invalid || at.end->verdict == consent::verdict::rejected);
        const consent::key_hash hash = at.row.hash();
        if (refused || !opt_ins.contains(hash)) return;
        if (at.row.is_opt_out())
            out.insert(hash);
        else
            out.erase(hash);
    });
    return out.size();
}

// The rule is that of newer_changes, which decides when the file is imported.
void dry_run_reader::find_newer(std::vector<returning_row>& returning) {
    boost::unordered_flat_map<consent::key_hash, std::vector<returning_row*>> by_key;
    consent::place lowest(INT64_MAX);
    for (returning_row& row : returning) {
        const auto original = blocks_.find(row.original);
        row.issued = original && consent::same_key(original->change, row.change);
        if (!row.issued) continue;
        lowest = std::min(lowest, row.original);
        by_key[consent::hash_key(row.change)].push_back(&row);
    }
    if (by_key.empty()) return;
    const consent::place first(lowest.id() + 1);
    blocks_.scan(first, consent::place(INT64_MAX), [&by_key](const scanned_row& at) {
        if (at.end && at.end->verdict == consent::verdict::invalid && !at.row.is_opt_out()) return;
        const auto found = by_key.find(at.row.hash());
        if (found == by_key.end()) return;
        for (returning_row* row : found->second)
            if (at.id > row->original && at.row.same_key(row->change)) row->newer = true;
    });
}

}  // namespace consent_sync::ledger
