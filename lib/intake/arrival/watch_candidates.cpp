#include "intake/arrival/watch_candidates.hpp"

#include <algorithm>

namespace consent_sync::intake {

void watch_candidates::put(const std::string& name, const candidate& c) {
    forget(name);
    const auto [at, inserted] = by_name_.emplace(name, c);
    by_due_.emplace(std::pair(c.due, c.number), &at->first);
}

void watch_candidates::forget(const std::string& name) {
    const auto at = by_name_.find(name);
    if (at == by_name_.end()) return;
    by_due_.erase(std::pair(at->second.due, at->second.number));
    by_name_.erase(at);
}

void watch_candidates::clear() {
    by_due_.clear();
    by_name_.clear();
    left_some_out_ = false;
    listed_settle_until_ = {};
}

void watch_candidates::note(const std::string& name, arrival_way way, const observation& seen, base::moment now) {
    const auto known = by_name_.find(name);
    if (known != by_name_.end()) {
        if (way == arrival_way::listed) return;           // it tells nothing new
        if (known->second.way == arrival_way::renamed) {  // it came complete, and stays so; a writer may have closed it
            candidate c = known->second;
            c.due = std::min(c.due, std::max(now.steady, listed_settle_until_));
            return put(name, c);
        }
    } else if (by_name_.size() >= most_) {
        left_some_out_ = true;
        return;
    }
    candidate c{way, seen, {now.steady, now.steady, {}}, now.steady, ++last_number_};
    if (known != by_name_.end() && way == arrival_way::written) c.since.noted = known->second.since.noted;
    if (way == arrival_way::renamed) {
        c.due = std::max(now.steady, listed_settle_until_);
    } else if (way == arrival_way::written || !is_long_still(seen, now.wall, limits_.settle)) {
        c.due = now.steady + limits_.settle;
    }
    if (way == arrival_way::listed) listed_settle_until_ = std::max(listed_settle_until_, c.due);
    put(name, c);
}

std::vector<std::string> watch_candidates::due(base::moment now, std::size_t most) const {
    std::vector<std::string> names;
    for (const auto& [when, name] : by_due_) {
        if (when.first > now.steady || names.size() == most) break;
        names.push_back(*name);
    }
    return names;
}

settle_decision watch_candidates::judge(const std::string& name, const observation& seen, base::moment now) {
    const auto at = by_name_.find(name);
    if (at == by_name_.end()) return {settle_action::wait, now.steady, {}};
    candidate c = at->second;
    if (!is_still(c.last, seen)) {
        c.since.still = now.steady;
        // The times that a listing saw are no longer those of this file: from here on it is watched.
        if (c.way == arrival_way::listed) c.way = arrival_way::written;
    }
    if (seen.open_for_writing == writers::some) c.since.writer = now.steady;
    const settle_decision decision = decide_settle(seen, c.way, c.since, now, limits_);
    if (decision.action == settle_action::wait) {
        c.last = seen;
        c.due = decision.until;
        put(name, c);
    } else {
        forget(name);
    }
    return decision;
}

std::optional<base::steady_time> watch_candidates::next_due() const {
    if (by_due_.empty()) return std::nullopt;
    return by_due_.begin()->first.first;
}

}  // namespace consent_sync::intake
