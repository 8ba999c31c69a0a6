#include "ledger/change_table.hpp"

#include <algorithm>

#include "ledger/change_row.hpp"

namespace consent_sync::ledger {
namespace {

// Rows that one statement appends: it finds its place in the table, and takes its memory, once for all of them.
constexpr std::size_t append_rows = 16;

constexpr const char* columns = "id, subscriber, subscription, channel, state, basis, explanation, verdict";

std::optional<int> number(const std::optional<consent::legal_basis>& basis) {
    if (!basis) return std::nullopt;
    return static_cast<int>(*basis);
}

// Changes that differ in nothing but their place are settled by one statement.
bool same_end(const settled_change& a, const settled_change& b) {
    return b.id.id() == a.id.id() + 1 && a.attempt == b.attempt && a.verdict == b.verdict && a.success == b.success &&
           a.hubspot_time_ms == b.hubspot_time_ms;
}

std::string append_sql(std::size_t rows) {
    std::string sql =
        "INSERT INTO changes(id, subscriber, subscription, channel, state, basis, explanation, original, "
        "offset, verdict, reason) VALUES";
    for (std::size_t i = 0; i < rows; ++i) sql += i == 0 ? "(?,?,?,?,?,?,?,?,?,?,0)" : ",(?,?,?,?,?,?,?,?,?,?,0)";
    return sql;
}

}  // namespace

change_table::change_table(database& db, file_table& files, overtakes& ahead)
    : db_(db),
      files_(files),
      ahead_(ahead),
      append_(db.prepare(append_sql(1))),
      append_many_(db.prepare(append_sql(append_rows))),
      append_reason_(db.prepare("INSERT INTO reasons(id, category, message, correlation_id, superseded_by, attempt) "
                                "VALUES(?,?,?,?,?,?)")),
      bulk_(db.prepare(std::string("SELECT ") + columns +
                       " FROM changes WHERE id>? AND id<=? AND verdict=0 AND state<>2 ORDER BY id LIMIT ?")),
      opt_outs_(db.prepare(std::string("SELECT ") + columns +
                           " FROM changes INDEXED BY changes_unsent_opt_outs "
                           "WHERE verdict=0 AND state=2 AND id>? AND id<=? ORDER BY id LIMIT ?")),
      one_(db.prepare(std::string("SELECT ") + columns + " FROM changes WHERE id=?")),
      settle_(db.prepare("UPDATE changes SET verdict=?, reason=?, attempt=?, hubspot_at=? "
                         "WHERE id BETWEEN ? AND ? AND verdict=0")),
      defer_(db.prepare("INSERT OR REPLACE INTO deferred(hash, change) VALUES(?,?)")),
      deferred_(db.prepare("SELECT change FROM deferred WHERE hash=? ORDER BY change LIMIT ?")),
      undefer_(db.prepare("DELETE FROM deferred WHERE hash=? AND change<=?")),
      any_deferred_(db.prepare("SELECT 1 FROM deferred WHERE hash=? LIMIT 1")),
      opt_ins_(db.prepare("SELECT count(*) FROM changes WHERE id BETWEEN ? AND ? AND verdict=0 AND state=1")) {}

void change_table::bind_row(statement& append, int& index, const new_row& row) {
    const consent::change& c = row.change;
    const std::optional<std::int64_t> original = row.original ? std::optional(row.original.id()) : std::nullopt;
    const int verdict = row.invalid ? static_cast<int>(consent::verdict::invalid) : 0;
    append.bind_next(index, c.id.id(), c.subscriber, c.subscription, static_cast<int>(c.channel),
                     static_cast<int>(c.state), number(c.basis), c.explanation, original, row.offset, verdict);
}

void change_table::append(std::span<const new_row> rows) {
    for (std::size_t first = 0; first < rows.size();) {
        const bool many = rows.size() - first >= append_rows;
        statement& append = many ? append_many_ : append_;
        append.restart();
        int index = 1;
        const std::size_t end = first + (many ? append_rows : 1);
        for (; first < end; ++first) bind_row(append, index, rows[first]);
        append.execute();
    }
    for (const new_row& row : rows) {
        if (row.invalid)
            append_reason_
                .run_with(row.change.id.id(), row.invalid->category, row.invalid->message, std::nullopt, std::nullopt,
                          std::nullopt)
                .execute();
    }
}

fetched_change change_table::read_fetched(const statement& row) const {
    fetched_change found;
    found.change = read_change(row);
    found.hash = consent::hash_key(found.change);
    found.settled = row.integer(7) != 0;
    found.confirmed = row.integer(7) == static_cast<int>(consent::verdict::confirmed);
    return found;
}

fetched change_table::fetch_bulk(consent::place after, consent::place bound, std::size_t most) {
    const consent::place end = std::min(bound, files_.bulk_bound());
    fetched out;
    out.scanned_to = after;
    consent::place from = after;
    for (const consent::arrival_number held : files_.held_or_released()) {
        const consent::place before(held, 0);
        const consent::place beyond(held, consent::place::row_max);
        if (before > end) break;
        if (before > from) fetch_segment(from, before, most, out);
        if (out.changes.size() == most) break;
        from = std::max(from, beyond);
        out.scanned_to = std::max(out.scanned_to, std::min(beyond, end));
    }
    if (out.changes.size() < most && from < end) fetch_segment(from, end, most, out);
    out.reached_end = out.changes.size() < most;
    mark_overtaken(out.changes);
    return out;
}

void change_table::fetch_segment(consent::place after, consent::place to, std::size_t most, fetched& out) {
    bulk_.run_with(after.id(), to.id(), most - out.changes.size());
    while (bulk_.step()) out.changes.push_back(read_fetched(bulk_));
    bulk_.restart();
    out.scanned_to = out.changes.size() < most ? to : out.changes.back().change.id;
}

fetched change_table::fetch_released(consent::place after, consent::place to, std::size_t most) {
    fetched out;
    out.scanned_to = after;
    const consent::place end = std::min(to, files_.bulk_bound());
    if (after < end) fetch_segment(after, end, most, out);
    out.reached_end = out.changes.size() < most;
    mark_overtaken(out.changes);
    return out;
}

fetched change_table::fetch_opt_outs(consent::place after, consent::place to, std::size_t most) {
    fetched out;
    opt_outs_.run_with(after.id(), to.id(), most);
    while (opt_outs_.step()) out.changes.push_back(read_fetched(opt_outs_));
    opt_outs_.restart();
    out.reached_end = out.changes.size() < most;
    out.scanned_to = out.reached_end ? to : out.changes.back().change.id;
    mark_overtaken(out.changes);
    return out;
}

std::vector<fetched_change> change_table::fetch(std::span<const consent::place> places) {
    std::vector<fetched_change> out;
    for (const consent::place place : places) {
        one_.run_with(place.id());
        if (one_.step()) out.push_back(read_fetched(one_));
        one_.restart();
    }
    return out;
}

std::vector<fetched_change> change_table::fetch_deferred(consent::key_hash hash, std::size_t most) {
    std::vector<consent::place> places;
    deferred_.run_with(hash, most);
    while (deferred_.step()) places.emplace_back(deferred_.integer(0));
    deferred_.restart();
    if (places.empty()) return {};
    undefer_.run_with(hash, places.back().id()).execute();
    std::vector<fetched_change> out = fetch(places);
    mark_overtaken(out);
    return out;
}

void change_table::defer(std::span<const std::pair<consent::key_hash, consent::place>> changes) {
    for (const auto& [hash, place] : changes) defer_.run_with(hash, place.id()).execute();
}

bool change_table::any_deferred(consent::key_hash hash) {
    any_deferred_.run_with(hash);
    const bool any = any_deferred_.step();
    any_deferred_.restart();
    return any;
}

std::uint64_t change_table::count_opt_ins(consent::arrival_number arrival) {
    opt_ins_.run_with(consent::place(arrival, 0).id(), consent::place(arrival, consent::place::row_max).id());
    opt_ins_.step();
    const auto count = static_cast<std::uint64_t>(opt_ins_.integer(0));
    opt_ins_.restart();
    return count;
}

void change_table::mark_overtaken(std::span<fetched_change> candidates) {
    if (ahead_.size() == 0) return;
    for (fetched_change& candidate : candidates) candidate.overtaken_by = overtaken_by(candidate);
}

consent::place change_table::overtaken_by(const fetched_change& candidate) {
    const consent::place newest = ahead_.find(candidate.hash);
    if (newest <= candidate.change.id) return {};
    const auto opt_out = find(newest);
    if (opt_out && consent::same_key(*opt_out, candidate.change)) return newest;
    // Another key with the same hash holds the entry: look at all of them.
    consent::place best;
    for (const consent::place place : ahead_.find_all(candidate.hash)) {
        const auto other = find(place);
        if (other && place > candidate.change.id && consent::same_key(*other, candidate.change))
            best = std::max(best, place);
    }
    return best;
}

std::optional<consent::change> change_table::find(consent::place id) {
    one_.run_with(id.id());
    std::optional<consent::change> found;
    if (one_.step()) found = read_fetched(one_).change;
    one_.restart();
    return found;
}

bool change_table::issued(consent::place original, const consent::change& change) {
    const auto found = find(original);
    return found && consent::same_key(*found, change);
}

void change_table::settle(std::span<const settled_change> changes) {
    std::vector<settled_change> sorted(changes.begin(), changes.end());
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    verdict_counts counts{};
    for (std::size_t first = 0; first < sorted.size();) {
        std::size_t last = first;
        while (last + 1 < sorted.size() && same_end(sorted[last], sorted[last + 1])) ++last;
        settle_run(std::span(sorted).subspan(first, last - first + 1));
        counts[static_cast<std::size_t>(sorted[first].verdict)] += last - first + 1;
        const auto arrival = sorted[first].id.arrival();
        first = last + 1;
        if (first == sorted.size() || sorted[first].id.arrival() != arrival) {
            files_.add_verdicts(arrival, counts);
            counts = {};
        }
    }
}

void change_table::settle_run(std::span<const settled_change> run) {
    const settled_change& first = run.front();
    const std::optional<std::int64_t> by = first.attempt ? std::optional(first.attempt) : std::nullopt;
    const std::optional<std::int64_t> at = first.hubspot_time_ms ? std::optional(first.hubspot_time_ms) : std::nullopt;
    settle_
        .run_with(static_cast<int>(first.verdict), static_cast<int>(first.success), by, at, first.id.id(),
                  run.back().id.id())
        .execute();
    if (db_.changed_rows() != static_cast<int>(run.size()))
        throw database_error(base::errc::corrupt,
                             "ledger: change " + std::to_string(first.id.id()) +
                                 " (or one after it) is to get a second verdict: a bug, or two programs that "
                                 "write this ledger. Keep a copy of it and report it with the log");
    for (const settled_change& change : run) {
        if (!change.reason) continue;
        const reason& why = *change.reason;
        const std::optional<std::int64_t> newer =
            why.superseded_by ? std::optional(why.superseded_by.id()) : std::nullopt;
        append_reason_.run_with(change.id.id(), why.category, why.message, why.correlation_id, newer, by).execute();
    }
}

}  // namespace consent_sync::ledger
