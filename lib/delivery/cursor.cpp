#include "delivery/cursor.hpp"

#include <algorithm>
#include <tuple>

namespace consent_sync::delivery {

void low_water::fetched(consent::place to, std::uint64_t unsettled) {
    if (to <= fetched_to_) return;
    fetched_to_ = to;
    if (unsettled == 0 && !pieces_.empty() && pieces_.back().unsettled == 0)
        pieces_.back().to = to;
    else
        pieces_.push_back({to, unsettled});
    advance();
}

void low_water::settled(consent::place place) {
    const auto found = std::lower_bound(pieces_.begin(), pieces_.end(), place,
                                        [](const piece& p, consent::place wanted) { return p.to < wanted; });
    if (found == pieces_.end() || found->unsettled == 0) return;
    --found->unsettled;
    advance();
}

void low_water::advance() {
    while (!pieces_.empty() && pieces_.front().unsettled == 0) {
        mark_ = pieces_.front().to;
        pieces_.pop_front();
    }
}

void released_files::add(consent::place first, consent::place last) {
    const auto at = std::lower_bound(ranges_.begin(), ranges_.end(), first,
                                     [](const range& r, consent::place p) { return r.first < p; });
    if (at == ranges_.end() || at->first != first) ranges_.insert(at, {first, last, consent::place(first.id() - 1), 0});
}

std::optional<std::pair<consent::place, consent::place>> released_files::next() const {
    for (const range& r : ranges_)
        if (r.fetched_to < r.last) return std::pair(r.fetched_to, r.last);
    return std::nullopt;
}

void released_files::fetched(consent::place to, std::uint64_t unsettled) {
    range* r = find(to);
    if (!r) return;
    r->fetched_to = to;
    r->unsettled += unsettled;
    forget_settled();
}

bool released_files::settled(consent::place place) {
    range* r = find(place);
    if (!r) return false;
    if (r->unsettled > 0) --r->unsettled;
    forget_settled();
    return true;
}

released_files::range* released_files::find(consent::place place) {
    const auto found = std::find_if(ranges_.begin(), ranges_.end(),
                                    [&](const range& r) { return r.first <= place && place <= r.last; });
    return found == ranges_.end() ? nullptr : &*found;
}

void released_files::forget_settled() {
    std::erase_if(ranges_, [](const range& r) { return r.fetched_to >= r.last && r.unsettled == 0; });
}

void cursor::start(const ledger::recovery& past) {
    low_water_ = low_water(past.low_water);
    for (const auto& [first, last] : past.stored) opt_out_ranges_.emplace(first, last);
    for (const auto& [first, last] : past.released) released_.add(first, last);
}

void cursor::on_rows(consent::place first, consent::place last, bool opt_outs) {
    bulk_more_ = true;
    if (!opt_outs) return;
    const auto after = opt_out_ranges_.upper_bound(first);
    if (after != opt_out_ranges_.begin()) {
        auto& before = *std::prev(after);
        if (before.second.id() + 1 == first.id()) {
            before.second = last;
            return;
        }
    }
    opt_out_ranges_.emplace(first, last);
}

void cursor::on_released(consent::place first, consent::place last) {
    bulk_more_ = true;
    if (first <= last) released_.add(first, last);
}

void cursor::ask(wanted want, std::size_t most, output& out) {
    if (want.opt_outs && !fetching_opt_outs_ && !opt_out_ranges_.empty()) {
        fetching_opt_outs_ = *opt_out_ranges_.begin();
        opt_out_ranges_.erase(opt_out_ranges_.begin());
        fetch_request& request = out.fetches.emplace_back();
        request.what = fetch_request::kind::opt_outs;
        request.after = consent::place(fetching_opt_outs_->first.id() - 1);
        request.to = fetching_opt_outs_->second;
        request.most = most;
    }
    if (!want.bulk || fetching_bulk_ || !bulk_more_) return;
    fetch_request request;
    request.what = fetch_request::kind::bulk;
    request.after = low_water_.fetched_to();
    request.to = consent::place(INT64_MAX);
    if (const auto released = released_.next(); released && released->first <= low_water_.fetched_to()) {
        request.what = fetch_request::kind::released;
        std::tie(request.after, request.to) = *released;
    }
    request.to = std::min(request.to, barrier(request.what == fetch_request::kind::released));
    if (request.to <= request.after) return;
    fetching_bulk_ = true;
    request.most = most;
    out.fetches.push_back(std::move(request));
}

// How far bulk rows may be fetched at present: not past an opt-out that is not in the lanes yet, and the cursor not
// past a released row that is not: rows that are newer than its release were never compared with it.
consent::place cursor::barrier(bool of_released) const {
    consent::place barrier(INT64_MAX);
    if (fetching_opt_outs_) barrier = consent::place(fetching_opt_outs_->first.id() - 1);
    if (!opt_out_ranges_.empty()) barrier = std::min(barrier, consent::place(opt_out_ranges_.begin()->first.id() - 1));
    if (!of_released)
        if (const auto released = released_.next()) barrier = std::min(barrier, released->first);
    return barrier;
}

void cursor::opt_outs_fetched(const fetch_result& result) {
    fetching_opt_outs_.reset();
    if (!result.found.reached_end)
        opt_out_ranges_.emplace(consent::place(result.found.scanned_to.id() + 1), result.request.to);
}

void cursor::bulk_fetched(fetch_result& result) {
    fetching_bulk_ = false;
    ledger::fetched& found = result.found;
    const bool of_released = result.request.what == fetch_request::kind::released;
    // What came in since the request was made and lies behind the barrier waits: its key would be out of order.
    const consent::place end = std::min(result.request.to, barrier(of_released));
    if (end < found.scanned_to) {
        std::erase_if(found.changes, [end](const auto& f) { return f.change.id > end; });
        found.scanned_to = end;
        found.reached_end = false;
    }
    if (found.reached_end && found.scanned_to < result.request.to) bulk_more_ = false;
    if (of_released)
        released_.fetched(found.scanned_to, found.changes.size());
    else
        low_water_.fetched(found.scanned_to, found.changes.size());
}

void cursor::settled(consent::place place) {
    if (!released_.settled(place)) low_water_.settled(place);
}

std::optional<consent::place> cursor::mark() const {
    return released_.empty() ? std::optional(low_water_.mark()) : std::nullopt;
}

}  // namespace consent_sync::delivery
