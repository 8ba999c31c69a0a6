#include "simulation/oracle.hpp"

#include <algorithm>

namespace consent_sync::simulation {
namespace {

std::string text(consent::place p) { return std::to_string(p.arrival()) + ":" + std::to_string(p.row()); }

}  // namespace

void oracle::broken(int promise, const std::string& what) const {
    const auto at = std::chrono::duration_cast<milliseconds>(time_.now().steady.time_since_epoch());
    throw broken_promise("promise " + std::to_string(promise) + ": " + what + " at " +
                         std::to_string(at.count() - 3'600'000'000) + " ms");
}

bool oracle::arrived_with(consent::place a, consent::place b) const {
    const auto first = first_of_.find(a.arrival());
    const auto other = first_of_.find(b.arrival());
    return first != first_of_.end() && other != first_of_.end() && first->second == other->second;
}

// A row that was superseded by an opt-out that arrived together with it must have such an opt-out.
void oracle::check_contradictions() const {
    for (const consent::place place : contradicted_) {
        const row_state& row = rows_.at(place.id());
        const auto by = rows_.find(row.by.id());
        if (by == rows_.end() || !by->second.row.change.is_opt_out() || row.row.change.is_opt_out() ||
            key_of(by->second.row.change) != key_of(row.row.change) || !arrived_with(place, row.by))
            broken(11, text(place) + " gave way to " + text(row.by) + ", which is no opt-out that arrived with it");
    }
}

void oracle::appended(consent::place place, const planned_row& row, consent::place by) {
    row_state state;
    state.row = row;
    state.row.change.id = place;
    state.appended_at = time_.now().steady;
    if (row.invalid) {
        state.verdict = consent::verdict::invalid;
        ++settled_;
    } else if (row.what != nature::good) {
        hubspot_.natures[place.id()] = row.what;
    }
    if (by) {
        if (row.invalid) broken(8, text(place) + " has two verdicts");
        state.verdict = consent::verdict::superseded;
        state.by = by;
        contradicted_.push_back(place);
        ++settled_;
    }
    if (row.change.is_opt_out() && !row.invalid) opt_outs_[key_of(row.change)].push_back(place);
    if (!rows_.emplace(place.id(), std::move(state)).second) broken(1, "a row was appended twice: " + text(place));
}

void oracle::step_committed(const ledger::ledger_change& step) {
    for (const auto& begin : step.begins) recorded_[begin.id] = {begin.changes, begin.assertion, false};
    for (const auto& end : step.settled) check_verdict(end);
    for (const auto& end : step.ends) {
        recorded_attempt& attempt = recorded_[end.id];
        attempt.ended = true;
        for (const consent::place place : attempt.changes) {
            const row_state& row = rows_.at(place.id());
            key_state& key = keys_[key_of(row.row.change)];
            key.open.erase(end.id);
            const bool told_settled =
                std::find(end.unsettled.begin(), end.unsettled.end(), place) == end.unsettled.end();
            if (!attempt.assertion && told_settled && row.verdict == consent::verdict{})
                broken(8, "attempt " + std::to_string(end.id) + " is said to have settled " + text(place));
            const bool settled_by_it = std::any_of(step.settled.begin(), step.settled.end(), [&](const auto& s) {
                return s.id == place && s.attempt == end.id && s.verdict != consent::verdict::unconfirmed;
            });
            if (!told_settled && settled_by_it)
                broken(8, "attempt " + std::to_string(end.id) + " is said to have left open " + text(place) +
                              ", which it settled");
            const bool may_be_bad = !one_moment || row.row.what != nature::good;
            if (attempt.assertion && may_be_bad && row.verdict != consent::verdict::confirmed &&
                (hubspot_.what_was_said(end.id, place) == hubspot_model::said::refused ||
                 hubspot_.what_was_said(end.id, place) == hubspot_model::said::other_status)) {
                key.refused_again.insert(place.id());
                ++assertions_refused;
            }
        }
    }
}

void oracle::check_verdict(const ledger::settled_change& end) {
    const auto found = rows_.find(end.id.id());
    if (found == rows_.end()) broken(8, "a verdict for a row that is not there: " + text(end.id));
    row_state& row = found->second;
    if (row.verdict != consent::verdict{}) broken(8, "a second verdict for " + text(end.id));
    row.verdict = end.verdict;
    row.settled_at = time_.now().steady;
    ++settled_;
    const auto said = hubspot_.what_was_said(end.attempt, end.id);
    switch (end.verdict) {
        case consent::verdict::confirmed:
            if (said != hubspot_model::said::as_asked) broken(4, "confirmed without proof: " + text(end.id));
            confirmed_at = time_.now().steady;
            break;
        case consent::verdict::rejected:
            keys_[key_of(row.row.change)].rejected.insert(end.id.id());
            if (said != hubspot_model::said::refused && said != hubspot_model::said::other_status)
                broken(4, "rejected without HubSpot's word: " + text(end.id));
            if (doubt || (one_moment && row.row.what == nature::good && said == hubspot_model::said::refused))
                broken(7, "rejected because of trouble: " + text(end.id));
            break;
        case consent::verdict::unconfirmed:
            if (doubt) broken(7, "unconfirmed because of trouble: " + text(end.id));
            if (row.sent < 2) broken(7, "given up after " + std::to_string(row.sent) + " attempts: " + text(end.id));
            break;
        case consent::verdict::superseded: {
            const consent::place by = end.reason ? end.reason->superseded_by : consent::place();
            row.by = by;
            const auto newer = rows_.find(by.id());
            if (by <= end.id || newer == rows_.end() || key_of(newer->second.row.change) != key_of(row.row.change))
                broken(2, text(end.id) + " is superseded by " + text(by) + ", which is no newer change of its key");
            break;
        }
        default: broken(8, "a strange verdict for " + text(end.id));
    }
}

// The newest change that was attempted and not rejected comes first. HubSpot may refuse a change without a verdict when
// it is sent again; then it may count as rejected, and the next one is equally possible.
std::vector<consent::place> oracle::newest_accepted(const key_state& key) {
    std::vector<consent::place> found;
    for (auto p = key.attempted.rbegin(); p != key.attempted.rend(); ++p) {
        if (key.rejected.contains(p->id())) continue;
        found.push_back(*p);
        if (!key.refused_again.contains(p->id())) return found;
    }
    found.push_back({});
    return found;
}

void oracle::begins(ledger::attempt_id attempt, std::span<const consent::change> changes) {
    ++begun;
    const auto record = recorded_.find(attempt);
    if (record == recorded_.end()) broken(2, "a request without a record of its attempt on disk");
    if (record->second.changes.size() != changes.size()) broken(2, "a request carries other changes than its record");
    for (const consent::change& c : changes) {
        row_state& row = rows_.at(c.id.id());
        key_state& key = keys_[key_of(c)];
        for (const auto& [other, place] : key.open)
            if (other != attempt || place != c.id)
                broken(2, text(c.id) + " begins while " + text(place) + " of its key is not on disk");
        if (record->second.assertion) {
            ++asserted;
            // The daemon need not know that a superseded change was never applied.
            const auto newest = newest_accepted(key);
            const auto counted = newest_accepted(without_untouched(key));
            if (std::find(newest.begin(), newest.end(), c.id) == newest.end() &&
                std::find(counted.begin(), counted.end(), c.id) == counted.end())
                broken(2, "asserted " + text(c.id) + ", the newest of its key is " + text(counted.front()) +
                              "; attempted were" + history_of(key));
        } else {
            if (row.verdict != consent::verdict{}) broken(8, text(c.id) + " is sent although it has its verdict");
            if (!c.is_opt_out())
                for (const consent::place opt_out : opt_outs_[key_of(c)])
                    if (opt_out < c.id && arrived_with(opt_out, c.id))
                        broken(11,
                               text(c.id) + " is sent after " + text(opt_out) + ", an opt-out that arrived with it");
            if (!key.attempted.empty() && key.attempted.back() > c.id)
                broken(2, text(c.id) + " begins after the newer " + text(key.attempted.back()));
            if (key.attempted.empty() || key.attempted.back() != c.id) key.attempted.push_back(c.id);
            if (row.sent == 0) row.first_sent_at = time_.now().steady;
            ++row.sent;
        }
        key.open.emplace(attempt, c.id);
    }
}

void oracle::recovered() {
    for (auto& [name, key] : keys_) key.open.clear();
    for (auto& [id, attempt] : recorded_) attempt.ended = true;
}

void oracle::check_files(ledger::store& store) const {
    std::map<consent::arrival_number, ledger::verdict_counts> counts;
    std::map<consent::arrival_number, std::uint64_t> rows;
    for (const auto& [id, row] : rows_) {
        const consent::arrival_number arrival = consent::place(id).arrival();
        ++rows[arrival];
        if (row.verdict != consent::verdict{}) ++counts[arrival][static_cast<std::size_t>(row.verdict)];
    }
    std::uint64_t unseen = 0;
    for (const auto& [arrival, count] : rows) {
        const auto file = store.files().find(arrival);
        if (!file) broken(1, "file " + std::to_string(arrival) + " is gone");
        std::uint64_t sum = 0;
        for (int v = 1; v <= consent::verdict_count; ++v) {
            const auto at = static_cast<std::size_t>(v);
            sum += file->counts[at];
            const bool superseded = v == static_cast<int>(consent::verdict::superseded);
            if (superseded) unseen += file->counts[at] - counts[arrival][at];
            if (!superseded && file->counts[at] != counts[arrival][at])
                broken(8, "file " + std::to_string(arrival) + " counts " + std::to_string(file->counts[at]) + " " +
                              std::string(consent::name(static_cast<consent::verdict>(v))) + ", seen were " +
                              std::to_string(counts[arrival][at]));
        }
        if (sum != file->rows || file->rows != count)
            broken(8, "file " + std::to_string(arrival) + " has " + std::to_string(file->rows) + " rows and " +
                          std::to_string(sum) + " verdicts");
    }
    if (unseen != unseen_superseded_) broken(8, "superseded rows that nobody superseded");
}

std::string oracle::history_of(const key_state& key) const {
    std::string words;
    for (const consent::place p : key.attempted) {
        const row_state& row = rows_.at(p.id());
        words += " " + text(p) + (row.row.change.is_opt_out() ? " out" : " in") + " (" +
                 (row.verdict == consent::verdict{} ? "no verdict" : std::string(consent::name(row.verdict))) +
                 (key.refused_again.contains(p.id()) ? ", refused again" : "") +
                 (hubspot_.touched.contains(p.id()) ? "" : ", never applied") + ")";
    }
    return words;
}

// A change that was superseded before any of its requests was applied has no effect.
oracle::key_state oracle::without_untouched(key_state key) const {
    std::erase_if(key.attempted, [this](consent::place p) {
        return rows_.at(p.id()).verdict == consent::verdict::superseded && !hubspot_.touched.contains(p.id());
    });
    return key;
}

// The last state of a key is that of its newest change that was attempted and not rejected.
void oracle::check_last_states() const {
    check_contradictions();
    for (const auto& known : keys_) {
        const auto& name = known.first;  // clang 14 captures no structured bindings
        const auto& key = known.second;
        const auto newest = newest_accepted(without_untouched(key));
        if (std::none_of(newest.begin(), newest.end(), [&](consent::place p) { return has_state_of(name, key, p); }))
            broken(2, "the last state of " + name + " is not that of its newest change " + text(newest.front()) +
                          "; attempted were" + history_of(key));
    }
}

bool oracle::has_state_of(const std::string& name, const key_state& key, consent::place newest) const {
    const auto state = hubspot_.states.find(name);
    if (!newest)  // HubSpot has refused all changes in the end; it may have applied one before, without an answer
        return state == hubspot_.states.end() ||
               std::any_of(key.attempted.begin(), key.attempted.end(),
                           [this](consent::place p) { return hubspot_.touched.contains(p.id()); });
    const consent::change& change = rows_.at(newest.id()).row.change;
    // After an opt-out, even a rejected one, no older row may subscribe the person again.
    const bool left_later = std::any_of(key.attempted.begin(), key.attempted.end(), [&](consent::place p) {
        return p > newest && rows_.at(p.id()).row.change.is_opt_out();
    });
    if (left_later && !change.is_opt_out()) return true;
    return state != hubspot_.states.end() && state->second == change.state;
}

}  // namespace consent_sync::simulation
