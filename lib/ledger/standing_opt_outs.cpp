#include "ledger/standing_opt_outs.hpp"

#include <algorithm>

namespace consent_sync::ledger {
namespace {

constexpr const char* duplicate_category =
    "duplicate_file";  // an operator may release rows that are invalid for this reason

// Whether the row may be sent, now or after a release.
bool may_be_sent(const new_row& row) { return !row.invalid || row.invalid->category == duplicate_category; }

// An opt-out stands even if it is invalid, unless it has no address: in doubt, the opt-out wins.
bool stands(const consent::change& c) { return c.is_opt_out() && !c.subscriber.empty(); }

}  // namespace

void standing_opt_outs::expect(const file_record& file) {
    const auto [at, added] = groups_.try_emplace(group_of(file));
    if (added) at->second.loaded = false;
    at->second.reading.insert(file.arrival);
}

standing_opt_outs::group& standing_opt_outs::open(const file_record& file) {
    expect(file);
    group& g = groups_.at(group_of(file));
    if (!g.loaded) load(g, group_of(file));
    return g;
}

void standing_opt_outs::load(group& g, consent::arrival_number first) {
    std::vector<std::pair<consent::key_hash, consent::place>> met_again;  // to be compared after the scan
    for (const consent::arrival_number arrival : files_.together(first)) {
        const consent::place last(arrival, consent::place::row_max);
        changes_.blocks().scan(consent::place(arrival, 0), last, [&](const scanned_row& at) {
            g.last = arrival;
            if (!at.row.is_opt_out() || at.row.subscriber.empty()) return;
            const consent::key_hash hash = at.row.hash();
            if (g.newest.find(hash))
                met_again.emplace_back(hash, at.id);
            else
                g.newest.put(hash, at.id);
        });
    }
    for (const auto& [hash, place] : met_again)
        if (const auto found = changes_.blocks().find(place)) add(g, found->change, hash, {});
    g.loaded = true;
}

bool standing_opt_outs::is_of_key(consent::place place, const consent::change& c, std::span<const new_row> piece) {
    const auto at = std::lower_bound(piece.begin(), piece.end(), place,
                                     [](const new_row& row, consent::place id) { return row.change.id < id; });
    if (at != piece.end() && at->change.id == place) return consent::same_key(at->change, c);
    return changes_.issued(place, c);
}

void standing_opt_outs::add(group& g, const consent::change& opt_out, consent::key_hash hash,
                            std::span<const new_row> piece) {
    const consent::place known = g.newest.find(hash);
    if (known && known != opt_out.id && !is_of_key(known, opt_out, piece))
        g.others.insert_or_assign(hash, opt_out.id);
    else
        g.newest.put(hash, opt_out.id);
}

consent::place standing_opt_outs::find(const group& g, const consent::change& c, std::span<const new_row> piece) {
    const consent::key_hash hash = consent::hash_key(c);
    const consent::place known = g.newest.find(hash);
    if (!known || is_of_key(known, c, piece)) return known;
    const auto other = g.others.find(hash);
    return other != g.others.end() && is_of_key(other->second, c, piece) ? other->second : consent::place();
}

void standing_opt_outs::mark(const file_record& file, std::span<new_row> rows) {
    if (rows.empty()) return;
    group& g = open(file);
    g.last = std::max(g.last, file.arrival);
    for (const new_row& row : rows)
        if (stands(row.change)) add(g, row.change, consent::hash_key(row.change), rows);
    for (new_row& row : rows) {
        row.contradicted_by = {};
        if (row.change.is_opt_out() || !may_be_sent(row)) continue;
        row.contradicted_by = g.newest.size() == 0 ? consent::place() : find(g, row.change, rows);
        if (row.contradicted_by) row.invalid.reset();
    }
}

std::size_t standing_opt_outs::end_file(const file_record& file) {
    group& g = open(file);
    std::size_t superseded = 0;
    if (g.last > file.arrival && g.newest.size() > 0)
        for (const consent::arrival_number later : files_.together(group_of(file)))
            if (later > file.arrival) superseded += supersede(g, later);
    forget(file);
    return superseded;
}

std::size_t standing_opt_outs::supersede(const file_record& file) {
    const std::size_t superseded = supersede(open(file), file.arrival);
    forget(file);
    return superseded;
}

std::size_t standing_opt_outs::supersede(const group& g, consent::arrival_number arrival) {
    std::vector<consent::change> candidates;
    const consent::place last(arrival, consent::place::row_max);
    changes_.blocks().scan(consent::place(arrival, 0), last, [&](const scanned_row& at) {
        if (!at.end && !at.row.is_opt_out() && g.newest.find(at.row.hash())) candidates.push_back(at.row.change(at.id));
    });
    std::vector<settled_change> ends;
    for (const consent::change& c : candidates)
        if (const consent::place opt_out = find(g, c, {})) ends.push_back(give_way(c.id, opt_out));
    changes_.settle(ends);
    return ends.size();
}

void standing_opt_outs::forget(const file_record& file) {
    const auto found = groups_.find(group_of(file));
    if (found == groups_.end()) return;
    found->second.reading.erase(file.arrival);
    if (found->second.reading.empty()) groups_.erase(found);
}

}  // namespace consent_sync::ledger
