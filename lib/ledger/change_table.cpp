#include "ledger/change_table.hpp"

#include <algorithm>
#include <utility>

#include "ledger/block.hpp"

namespace consent_sync::ledger {
namespace {

fetched_change read_fetched(const row_view& row, consent::place id, const row_end* end) {
    const bool confirmed = end && end->verdict == consent::verdict::confirmed;
    return {row.change(id), row.hash(), {}, end != nullptr, confirmed};
}

// The end of the changes of `all` that are in the same block as the one at `first`.
template <class Change, class Place>
std::size_t end_of_block(std::span<const Change> all, std::size_t first, Place place) {
    const block_id block = block_of(place(all[first]));
    std::size_t end = first + 1;
    while (end < all.size() && block_of(place(all[end])) == block) ++end;
    return end;
}

}  // namespace

settled_change give_way(consent::place change, consent::place opt_out) {
    const std::string where = opt_out.arrival() == change.arrival()
                                  ? "row " + std::to_string(opt_out.row()) + " of this file"
                                  : "row " + std::to_string(opt_out.row()) + " of file " +
                                        consent::format_file_id(opt_out.arrival()) +
                                        ", which arrived together with it,";
    settled_change end;
    end.id = change;
    end.verdict = consent::verdict::superseded;
    end.reason = std::make_shared<const reason>(
        reason{contradiction_category,
               where + " is an opt-out of the same person, and nothing says which of the two came last: the opt-out "
                       "stands (rules.contradictions)",
               "", opt_out});
    return end;
}

deferred_table::deferred_table(database& db)
    : add_(db.prepare("INSERT OR REPLACE INTO deferred(hash, change) VALUES(?,?)")),
      first_(db.prepare("SELECT change FROM deferred WHERE hash=? ORDER BY change LIMIT ?")),
      remove_(db.prepare("DELETE FROM deferred WHERE hash=? AND change<=?")),
      any_(db.prepare("SELECT 1 FROM deferred WHERE hash=? LIMIT 1")) {}

void deferred_table::add(std::span<const std::pair<consent::key_hash, consent::place>> changes) {
    for (const auto& [hash, place] : changes) add_.run_with(hash, place.id()).execute();
}

bool deferred_table::any(consent::key_hash hash) {
    any_.run_with(hash);
    const bool found = any_.step();
    any_.restart();
    return found;
}

std::vector<consent::place> deferred_table::take(consent::key_hash hash, std::size_t most) {
    std::vector<consent::place> places;
    first_.run_with(hash, most);
    while (first_.step()) places.emplace_back(first_.integer(0));
    first_.restart();
    if (!places.empty()) remove_.run_with(hash, places.back().id()).execute();
    return places;
}

change_table::change_table(database& db, file_table& files, overtakes& ahead)
    : files_(files),
      ahead_(ahead),
      blocks_(db),
      deferred_(db),
      insert_verdicts_(db.prepare("INSERT INTO verdict_blocks(unsent_opt_outs, data, id) VALUES(?,?,?)")),
      update_verdicts_(db.prepare("UPDATE verdict_blocks SET data=? WHERE id=?")),
      update_all_(db.prepare("UPDATE verdict_blocks SET unsent_opt_outs=?, data=? WHERE id=?")),
      insert_rows_(db.prepare("INSERT INTO row_blocks(data, id) VALUES(?,?)")),
      update_rows_(db.prepare("UPDATE row_blocks SET data=? WHERE id=?")),
      append_reason_(db.prepare("INSERT INTO reasons(id, category, message, correlation_id, superseded_by, attempt) "
                                "VALUES(?,?,?,?,?,?)")),
      remove_reason_(db.prepare("DELETE FROM reasons WHERE id=?")),
      count_category_(db.prepare("SELECT count(*) FROM reasons WHERE id BETWEEN ? AND ? AND category=?")),
      of_category_(db.prepare("SELECT id FROM reasons WHERE id BETWEEN ? AND ? AND category=?")),
      remove_verdicts_(db.prepare("DELETE FROM verdict_blocks WHERE id=?")),
      remove_rows_(db.prepare("DELETE FROM row_blocks WHERE id=?")) {}

void change_table::append(std::span<const new_row> rows) {
    const auto place = [](const new_row& row) { return row.change.id; };
    for (std::size_t first = 0; first < rows.size();) {
        const std::size_t end = end_of_block(rows, first, place);
        append_block(block_of(rows[first].change.id), rows.subspan(first, end - first), first == 0);
        first = end;
    }
    verdict_counts superseded{};
    for (const new_row& row : rows) {
        if (row.contradicted_by) {
            ++superseded[static_cast<std::size_t>(consent::verdict::superseded)];
            const settled_change end = give_way(row.change.id, row.contradicted_by);
            append_reason(end, *end.reason);
        } else if (row.invalid) {
            append_local_reason(row.change.id, *row.invalid);
        }
    }
    if (!rows.empty() && superseded != verdict_counts{})
        files_.add_verdicts(rows.front().change.id.arrival(), superseded);
}

// Only the first block of a piece may hold rows of an earlier piece.
void change_table::append_block(block_id block, std::span<const new_row> rows, bool may_exist) {
    std::optional<verdict_block> known;
    if (may_exist) known = blocks_.verdicts(block);
    bytes_.clear();
    if (known) bytes_ = blocks_.copy_rows(block);
    verdict_block verdicts = known.value_or(verdict_block());
    const unsigned before = known ? verdicts.unsent_opt_outs() : 0;
    for (const new_row& row : rows) {
        const unsigned index = index_in_block(row.change.id);
        if (index < verdicts.size())
            throw database_error(base::errc::corrupt, "ledger: change " + std::to_string(row.change.id.id()) +
                                                          " is to be stored a second time, or after a later one");
        verdicts.add(index, row.change.is_opt_out());
        if (row.invalid) verdicts.settle(index, {consent::verdict::invalid, {}, 0, 0});
        if (row.contradicted_by) verdicts.settle(index, {consent::verdict::superseded, {}, 0, 0});
        append_row(bytes_, row);
    }
    seal(bytes_, block_kind::rows, block);
    (known ? update_rows_ : insert_rows_).run_with(blob{bytes_}, block).execute();
    if (known) return put(block, verdicts, before);
    verdicts.format(bytes_);
    seal(bytes_, block_kind::verdicts, block);
    insert_verdicts_.run_with(verdicts.unsent_opt_outs(), blob{bytes_}, block).execute();
}

// The index over unsent opt-outs is touched only when their number changes.
void change_table::put(block_id block, const verdict_block& verdicts, unsigned unsent_opt_outs_before) {
    verdicts.format(bytes_);
    seal(bytes_, block_kind::verdicts, block);
    const unsigned unsent = verdicts.unsent_opt_outs();
    if (unsent == unsent_opt_outs_before)
        update_verdicts_.run_with(blob{bytes_}, block).execute();
    else
        update_all_.run_with(unsent, blob{bytes_}, block).execute();
}

// Appends the wanted rows of the block, in order, until there are `most` in all.
std::size_t change_table::fetch_from(block_id block, const verdict_block& verdicts, const pick& wanted,
                                     std::size_t most, std::vector<fetched_change>& out) {
    std::optional<row_block_reader> rows;
    row_view row;
    for (unsigned index = 0; index < verdicts.size() && out.size() < most; ++index) {
        if (!wanted(verdicts, index)) continue;
        if (!rows) rows.emplace(blocks_.rows(block));
        if (!rows->find(index, row)) fail_damaged(block);
        out.push_back(read_fetched(row, place_in_block(block, index), verdicts.end(index)));
    }
    return out.size();
}

fetched change_table::fetch_bulk(consent::place after, consent::place bound, std::size_t most) {
    const consent::place end = std::min(bound, files_.bulk_bound());
    fetched out;
    out.changes.reserve(most);
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

// In (after, to].
void change_table::fetch_segment(consent::place after, consent::place to, std::size_t most, fetched& out) {
    const consent::place first(after.id() + 1);
    blocks_.each_block(first, to, [&](block_id block, const verdict_block& verdicts) {
        const pick wanted = [&](const verdict_block& v, unsigned index) {
            const consent::place id = place_in_block(block, index);
            return v.is_unsettled(index) && !v.is_opt_out(index) && id >= first && id <= to;
        };
        return fetch_from(block, verdicts, wanted, most, out.changes) < most;
    });
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
    const consent::place first(after.id() + 1);
    blocks_.each_block_with_unsent_opt_outs(first, to, [&](block_id block, const verdict_block& verdicts) {
        const pick wanted = [&](const verdict_block& v, unsigned index) {
            const consent::place id = place_in_block(block, index);
            return v.is_unsettled(index) && v.is_opt_out(index) && id >= first && id <= to;
        };
        return fetch_from(block, verdicts, wanted, most, out.changes) < most;
    });
    out.reached_end = out.changes.size() < most;
    out.scanned_to = out.reached_end ? to : out.changes.back().change.id;
    mark_overtaken(out.changes);
    return out;
}

std::vector<fetched_change> change_table::fetch(std::span<const consent::place> places) {
    std::vector<fetched_change> out;
    for (const consent::place place : places) {
        auto found = blocks_.find(place);
        if (!found) continue;
        fetched_change& fetched = out.emplace_back();
        fetched.hash = consent::hash_key(found->change);
        fetched.change = std::move(found->change);
        fetched.settled = found->end.has_value();
        fetched.confirmed = found->end && found->end->verdict == consent::verdict::confirmed;
    }
    return out;
}

std::vector<fetched_change> change_table::fetch_deferred(consent::key_hash hash, std::size_t most) {
    std::vector<fetched_change> out = fetch(deferred_.take(hash, most));
    mark_overtaken(out);
    return out;
}

std::uint64_t change_table::count_opt_ins(consent::arrival_number arrival) {
    std::uint64_t count = 0;
    const consent::place last(arrival, consent::place::row_max);
    blocks_.scan(consent::place(arrival, 0), last, [&count](const scanned_row& at) {
        count += !at.end && at.row.state == consent::status_state::subscribed;
    });
    return count;
}

std::uint64_t change_table::count_contradictions(consent::arrival_number arrival) {
    count_category_.run_with(consent::place(arrival, 0).id(), consent::place(arrival, consent::place::row_max).id(),
                             std::string(contradiction_category));
    count_category_.step();
    const auto count = static_cast<std::uint64_t>(count_category_.integer(0));
    count_category_.restart();
    return count;
}

void change_table::mark_overtaken(std::span<fetched_change> candidates) {
    if (ahead_.size() == 0) return;
    for (const fetched_change& candidate : candidates) ahead_.expect(candidate.hash);
    for (fetched_change& candidate : candidates) candidate.overtaken_by = overtaken_by(candidate);
}

consent::place change_table::overtaken_by(const fetched_change& candidate) {
    const consent::place newest = ahead_.find(candidate.hash);
    if (newest <= candidate.change.id) return {};
    if (issued(newest, candidate.change)) return newest;
    // The entry is of another key with the same hash: look at all of them.
    consent::place best;
    for (const consent::place place : ahead_.find_all(candidate.hash))
        if (place > candidate.change.id && issued(place, candidate.change)) best = std::max(best, place);
    return best;
}

bool change_table::issued(consent::place original, const consent::change& change) {
    const auto found = blocks_.find(original);
    return found && consent::same_key(found->change, change);
}

std::vector<const settled_change*> change_table::settle(std::span<const settled_change> changes) {
    std::vector<const settled_change*> sorted;
    sorted.reserve(changes.size());
    for (const settled_change& change : changes) sorted.push_back(&change);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto* a, const auto* b) { return std::pair(a->id, a) < std::pair(b->id, b); });
    const std::span<const settled_change*> all(sorted);
    const auto place = [](const settled_change* change) { return change->id; };
    std::vector<const settled_change*> refused;
    for (std::size_t first = 0, end = 0; first < all.size(); first = end) {
        end = end_of_block(std::span<const settled_change* const>(all), first, place);
        settle_in_block(block_of(all[first]->id), all.subspan(first, end - first), refused);
    }
    std::erase(sorted, nullptr);
    verdict_counts counts{};
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        ++counts[static_cast<std::size_t>(sorted[i]->verdict)];
        const auto arrival = sorted[i]->id.arrival();
        if (i + 1 < sorted.size() && sorted[i + 1]->id.arrival() == arrival) continue;
        files_.add_verdicts(arrival, counts);
        counts = {};
    }
    for (const settled_change* change : sorted)
        if (change->reason) append_reason(*change, *change->reason);
    return refused;
}

// A change that has its verdict already, or is not there, is a bug of the caller: its entry is moved to `refused`, and
// the others are settled.
void change_table::settle_in_block(block_id block, std::span<const settled_change*> changes,
                                   std::vector<const settled_change*>& refused) {
    auto verdicts = blocks_.verdicts(block);
    const unsigned before = verdicts ? verdicts->unsent_opt_outs() : 0;
    bool any = false;
    for (const settled_change*& change : changes) {
        const unsigned index = index_in_block(change->id);
        if (!verdicts || !verdicts->is_unsettled(index)) {
            refused.push_back(std::exchange(change, nullptr));
            continue;
        }
        verdicts->settle(index, *change);
        any = true;
    }
    if (any) put(block, *verdicts, before);
}

void change_table::append_reason(const settled_change& change, const reason& why) {
    const std::optional<std::int64_t> by = change.attempt ? std::optional(change.attempt) : std::nullopt;
    const std::optional<std::int64_t> newer = why.superseded_by ? std::optional(why.superseded_by.id()) : std::nullopt;
    append_reason_.run_with(change.id.id(), why.category, why.message, why.correlation_id, newer, by).execute();
}

// For a row that was refused here and never sent.
void change_table::append_local_reason(consent::place change, const reason& why) {
    append_reason_.run_with(change.id(), why.category, why.message, std::nullopt, std::nullopt, std::nullopt).execute();
}

void change_table::reopen_row(verdict_block& verdicts, consent::place change) {
    verdicts.reopen(index_in_block(change));
    remove_reason_.run_with(change.id()).execute();
}

// `change` returns how many rows of the block it changed; those blocks are stored.
std::uint64_t change_table::change_blocks(consent::arrival_number arrival,
                                          const std::function<std::uint64_t(block_id, verdict_block&)>& change) {
    std::uint64_t changed = 0;
    const consent::place last(arrival, consent::place::row_max);
    blocks_.each_block(consent::place(arrival, 0), last, [&](block_id block, const verdict_block& found) {
        verdict_block verdicts = found;
        const std::uint64_t here = change(block, verdicts);
        if (here == 0) return true;
        changed += here;
        verdicts.drop_unused_ends();
        put(block, verdicts, found.unsent_opt_outs());
        return true;
    });
    return changed;
}

std::uint64_t change_table::reopen(consent::arrival_number arrival, std::initializer_list<consent::verdict> verdicts) {
    return change_blocks(arrival, [&](block_id id, verdict_block& block) {
        std::uint64_t reopened = 0;
        for (unsigned i = 0; i < block.size(); ++i) {
            const row_end* const end = block.end(i);
            if (!end || std::find(verdicts.begin(), verdicts.end(), end->verdict) == verdicts.end()) continue;
            reopen_row(block, place_in_block(id, i));
            ++reopened;
        }
        return reopened;
    });
}

std::uint64_t change_table::reopen_invalid(consent::arrival_number arrival, const std::string& category) {
    return change_blocks(arrival, [&](block_id block, verdict_block& verdicts) {
        std::vector<consent::place> reopened;
        of_category_.run_with(place_in_block(block, 0).id(), place_in_block(block, block_rows - 1).id(), category);
        while (of_category_.step()) {
            const consent::place change(of_category_.integer(0));
            if (verdicts.has_verdict(index_in_block(change), consent::verdict::invalid)) reopened.push_back(change);
        }
        of_category_.restart();
        for (const consent::place change : reopened) reopen_row(verdicts, change);
        return std::uint64_t{reopened.size()};
    });
}

std::uint64_t change_table::invalidate_waiting(consent::arrival_number arrival, const reason& why) {
    return change_blocks(arrival, [&](block_id id, verdict_block& block) {
        std::uint64_t ended = 0;
        for (unsigned i = 0; i < block.size(); ++i) {
            if (!block.is_unsettled(i) || block.is_opt_out(i)) continue;
            block.settle(i, {consent::verdict::invalid, {}, 0, 0});
            append_local_reason(place_in_block(id, i), why);
            ++ended;
        }
        return ended;
    });
}

std::pair<std::uint64_t, consent::place> change_table::remove_first(consent::arrival_number arrival,
                                                                    std::uint64_t most) {
    std::vector<block_id> gone;
    std::uint64_t rows = 0;
    const consent::place last(arrival, consent::place::row_max);
    blocks_.each_block(consent::place(arrival, 0), last, [&](block_id block, const verdict_block& verdicts) {
        gone.push_back(block);
        rows += verdicts.rows();
        return rows < most;
    });
    for (const block_id block : gone) {
        remove_verdicts_.run_with(block).execute();
        remove_rows_.run_with(block).execute();
    }
    return {rows, gone.empty() ? consent::place() : place_in_block(gone.back(), block_rows - 1)};
}

}  // namespace consent_sync::ledger
