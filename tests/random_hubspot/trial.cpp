#include "random_hubspot/trial.hpp"

#include <algorithm>
#include <set>

#include "random_hubspot/addresses.hpp"

namespace consent_sync::random_hubspot {
namespace {

std::string text(place p) { return std::to_string(p >> 32) + ":" + std::to_string(p & 0xffffffff); }

}  // namespace

std::string trial::key_of(const asked& change) {
    return one_spelling(change.address) + "/" + std::to_string(change.subscription);
}

void trial::add(place p, asked change, milli now) {
    trial_row row;
    row.change = std::move(change);
    row.appended = now;
    const bool out = row.is_opt_out();
    if (!rows_.emplace(p, std::move(row)).second) return note("promise 1: row " + text(p) + " was added twice");
    ++open_;
    open_opt_outs_ += out ? 1 : 0;
}

void trial::begin(std::int64_t attempt, std::vector<place> rows, bool assertion, milli now) {
    trial_attempt& a = attempts_[attempt];
    a.rows = std::move(rows);
    a.assertion = assertion;
    a.begun = now;
    for (const place p : a.rows) {
        const auto row = rows_.find(p);
        if (row == rows_.end()) {
            note("promise 1: attempt " + std::to_string(attempt) + " carries " + text(p) + ", which is no row");
            continue;
        }
        if (!assertion && !row->second.verdict.empty())
            note("promise 8: " + text(p) + " is sent although it is " + row->second.verdict);
        attempts_of_[key_of(row->second.change)].push_back(attempt);
    }
}

void trial::answer(std::int64_t attempt, unsigned status, std::string body) {
    attempts_[attempt].status = status;
    attempts_[attempt].body = std::move(body);
}
void trial::delivered(std::int64_t attempt) { attempts_[attempt].delivered = true; }
void trial::end(std::int64_t attempt, milli now) {
    attempts_[attempt].ended = now;
    attempts_[attempt].judged = true;
}

void trial::settle(place p, const std::string& verdict, place by, milli now) {
    const auto row = rows_.find(p);
    if (row == rows_.end()) return note("promise 8: a verdict for " + text(p) + ", which is no row");
    if (!row->second.verdict.empty())
        return note("promise 8: a second verdict for " + text(p) + ": " + row->second.verdict + ", then " + verdict);
    row->second.verdict = verdict;
    row->second.by = by;
    row->second.settled = now;
    --open_;
    open_opt_outs_ -= row->second.is_opt_out() ? 1 : 0;
}

void trial::killed(milli now) {
    for (auto& known : attempts_)
        if (known.second.ended < 0) known.second.ended = now;
}

std::vector<asked> trial::changes_of(const trial_attempt& a) const {
    std::vector<asked> changes;
    for (const place p : a.rows) {
        const auto row = rows_.find(p);
        changes.push_back(row == rows_.end() ? asked{} : row->second.change);
    }
    return changes;
}

std::vector<std::string> trial::judge(bool times_known) const {
    words wrong = wrong_;
    std::map<place, std::vector<std::pair<std::int64_t, what_is_proved>>> proofs;
    std::map<place, what_is_proved> best;
    std::map<place, int> others, sent;
    for (const auto& [id, a] : attempts_) {
        for (const place p : a.rows) ++sent[p];
        if (!a.delivered) continue;
        const auto read = read_proofs(a.status, a.body, changes_of(a));
        for (std::size_t i = 0; i < a.rows.size(); ++i) {
            what_is_proved& sum = best[a.rows[i]];
            sum.confirms = std::max(sum.confirms, read[i].confirms);
            sum.refuses = std::max(sum.refuses, read[i].refuses);
            if (read[i].other_status && ++others[a.rows[i]] >= 2) sum.other_status = true;
            if (read[i].plainly && a.judged && !a.assertion) sum.plainly = true;
        }
    }
    for (const auto& [p, row] : rows_) {
        if (row.verdict == "unconfirmed" && sent[p] < 2)
            wrong.push_back("promise 7: " + text(p) + " is unconfirmed after " + std::to_string(sent[p]) + " requests");
        judge_row(p, row, best, wrong);
    }
    if (times_known) judge_order(wrong);
    return wrong;
}

void trial::judge_row(place p, const trial_row& row, const std::map<place, what_is_proved>& best, words& wrong) const {
    const auto found = best.find(p);
    const what_is_proved says = found == best.end() ? what_is_proved{} : found->second;
    if (row.verdict.empty()) return wrong.push_back("promise 1: " + text(p) + " has no verdict" + history(p));
    if (row.verdict == "confirmed" && says.confirms == claim::no)
        wrong.push_back("promise 4: " + text(p) + " is confirmed, and no answer proves it" + history(p));
    if (row.verdict == "rejected" && says.refuses == claim::no && !says.other_status)
        wrong.push_back("promise 7: " + text(p) + " is rejected, and no answer says so" + history(p));
    if (row.verdict != "confirmed" && says.plainly)
        wrong.push_back("promise 4: " + text(p) + " is " + row.verdict + ", though an answer proves it" + history(p));
    if (row.verdict == "superseded") {
        const auto newer = rows_.find(row.by);
        const bool same = newer != rows_.end() && key_of(newer->second.change) == key_of(row.change);
        const bool stands = same && opt_outs_stand && newer->second.is_opt_out() && !row.is_opt_out();
        if (!same || (row.by <= p && !stands))
            wrong.push_back("promise 2: " + text(p) + " is superseded by " + text(row.by) +
                            ", which is no newer change of its key");
    }
}

void trial::judge_order(words& wrong) const {
    for (const auto& [key, attempts] : attempts_of_) {
        place newest = 0;
        milli free_at = 0;
        std::set<std::int64_t> seen;
        for (const std::int64_t id : attempts) {
            const trial_attempt& a = attempts_.at(id);
            if (!seen.insert(id).second) {
                wrong.push_back("promise 2: attempt " + std::to_string(id) + " carries one key twice");
                continue;
            }
            const auto carried = std::find_if(a.rows.begin(), a.rows.end(), [&key = key, this](place p) {
                return rows_.contains(p) && key_of(rows_.at(p).change) == key;
            });
            if (a.begun < free_at)
                wrong.push_back("promise 2: two changes of one key are on their way, the second " + text(*carried) +
                                history(*carried));
            free_at = std::max(free_at, a.ended < 0 ? INT64_MAX : a.ended);
            if (a.assertion) continue;
            if (*carried < newest)
                wrong.push_back("promise 2: " + text(*carried) + " begins after the newer " + text(newest));
            newest = std::max(newest, *carried);
        }
    }
}

std::vector<std::string> trial::judge_states(const std::map<std::string, std::string>& states,
                                             const std::function<bool(place)>& touched,
                                             const std::function<bool(const asked&)>& counts) const {
    words wrong;
    std::set<place> refused;
    for (const auto& known : attempts_) {
        const trial_attempt& a = known.second;
        if (!a.delivered) continue;
        const auto read = read_proofs(a.status, a.body, changes_of(a));
        for (std::size_t i = 0; i < a.rows.size(); ++i)
            if (read[i].refuses != claim::no || read[i].other_status) refused.insert(a.rows[i]);
    }
    for (const auto& [key, attempts] : attempts_of_) {
        std::set<place, std::greater<>> attempted;
        for (const std::int64_t id : attempts)
            for (const place p : attempts_.at(id).rows)
                if (rows_.contains(p) && key_of(rows_.at(p).change) == key) attempted.insert(p);
        // A change that HubSpot refused may have been applied before that, and what it refuses to take once more counts
        // as refused. Nobody is subscribed again on the strength of an older row after an opt-out, even a refused one:
        // an older opt-out that HubSpot applied late may stand then.
        std::set<std::string> allowed;
        bool left = false, older = false;
        for (const place p : attempted) {
            const trial_row& row = rows_.at(p);
            if (row.verdict == "superseded" && !touched(p)) continue;
            if (row.verdict != "rejected") {
                allowed.insert(row.change.state);
                if (left) allowed.insert("UNSUBSCRIBED");
                if (row.verdict == "confirmed" || !refused.contains(p)) break;
            }
            left = left || row.is_opt_out();
            older = true;
            if (row.verdict != "rejected" && !touched(p)) allowed.insert("");
        }
        if (attempted.empty() || !counts(rows_.at(*attempted.begin()).change)) continue;
        if (allowed.empty()) continue;  // HubSpot has refused all of them
        const auto state = states.find(key);
        const std::string now = state == states.end() ? "" : state->second;
        const bool same = allowed.contains(now);
        if (!same && !attempted.empty())
            wrong.push_back("promise 2: the last state is " + (now.empty() ? "unknown" : now) + ", wanted is " +
                            *allowed.begin() + (older ? " (newer ones were rejected)" : "") +
                            history(*attempted.begin()));
    }
    return wrong;
}

std::vector<std::string> trial::late_opt_outs(milli most, milli end, const std::vector<span>& excused) const {
    words wrong;
    for (const auto& [p, row] : rows_) {
        if (!row.is_opt_out() || row.verdict == "superseded") continue;
        std::vector<span> busy = excused;
        const auto attempts = attempts_of_.find(key_of(row.change));
        if (attempts != attempts_of_.end())
            for (const std::int64_t id : attempts->second) {
                const trial_attempt& a = attempts_.at(id);
                busy.push_back({a.begun, a.ended < 0 ? INT64_MAX : a.ended});
            }
        std::sort(busy.begin(), busy.end(), [](const span& a, const span& b) { return a.from < b.from; });
        milli idle_since = row.appended;
        const milli until = row.verdict.empty() ? end : std::min(row.settled, end);
        milli longest = 0;
        for (const span& s : busy) {
            if (s.from >= until) break;
            longest = std::max(longest, s.from - idle_since);
            idle_since = std::max(idle_since, s.to);
        }
        longest = std::max(longest, until - idle_since);
        if (longest > most)
            wrong.push_back("promise 3: the opt-out " + text(p) + " waited " + std::to_string(longest) + " ms" +
                            history(p));
    }
    return wrong;
}

std::string trial::history(place p) const {
    const trial_row& row = rows_.at(p);
    std::string line = "; " + row.change.state + " added at " + std::to_string(row.appended);
    const auto attempts = attempts_of_.find(key_of(row.change));
    if (attempts == attempts_of_.end()) return line + ", never sent";
    constexpr std::size_t lines_most = 12;
    if (attempts->second.size() > lines_most)
        line += "; " + std::to_string(attempts->second.size() - lines_most) + " attempts before these";
    std::size_t lines = 0;
    milli told = -1;  // the last answer
    for (const std::int64_t id : attempts->second) {
        const trial_attempt& a = attempts_.at(id);
        if (a.delivered && std::find(a.rows.begin(), a.rows.end(), p) != a.rows.end()) told = a.begun;
    }
    for (const std::int64_t id : attempts->second) {
        if (++lines + lines_most <= attempts->second.size()) continue;  // the newest are the most useful
        const trial_attempt& a = attempts_.at(id);
        line += "; attempt " + std::to_string(id) + (a.assertion ? " (assertion)" : "") + " of";
        std::vector<asked> changes;
        std::size_t which = 0;
        for (const place q : a.rows) {
            if (rows_.contains(q) && key_of(rows_.at(q).change) == key_of(row.change)) {
                which = changes.size();
                line += " " + text(q) + " " + rows_.at(q).change.state;
            }
            changes.push_back(rows_.contains(q) ? rows_.at(q).change : asked{});
        }
        line += " among " + std::to_string(a.rows.size()) + " at " + std::to_string(a.begun) + ".." +
                std::to_string(a.ended) + ": " + (a.delivered ? std::to_string(a.status) : "no answer");
        if (!a.delivered) continue;
        const auto says = read_proofs(a.status, a.body, changes)[which];
        if (says.confirms != claim::no) line += says.confirms == claim::yes ? " confirms" : " may confirm";
        if (says.refuses != claim::no) line += says.refuses == claim::yes ? " refuses" : " may refuse";
        if (says.other_status) line += " other status";
        const bool tells = a.status >= 200 && a.status < 300 && row.verdict != "confirmed";
        if (a.begun == told || tells) line += " saying " + excerpt(a.body, changes[which]);
    }
    return line + "; then " + (row.verdict.empty() ? "nothing" : row.verdict) + " at " + std::to_string(row.settled);
}

}  // namespace consent_sync::random_hubspot
