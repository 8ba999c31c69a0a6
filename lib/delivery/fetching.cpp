// What is read from the ledger when, and how it comes into the lanes.
#include <algorithm>
#include <tuple>

#include "delivery/engine.hpp"

namespace consent_sync::delivery {
namespace {

constexpr std::chrono::seconds unsettled_wait{60};

}  // namespace

void engine::on_rows(consent::place first, consent::place last, bool opt_outs) {
    bulk_more_ = rows_arrived_ = true;
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

void engine::on_bulk_open() { bulk_more_ = true; }

void engine::on_released(consent::place first, consent::place last) {
    bulk_more_ = true;
    if (first <= last) released_.add(first, last);
}

void engine::on_fetched(fetch_result&& result, base::moment now) {
    lane_effects effects;
    ledger::fetched& found = result.found;
    switch (result.request.what) {
        case fetch_request::kind::opt_outs:
            fetching_opt_outs_.reset();
            opt_outs_came_ = !found.changes.empty();
            if (!found.reached_end)
                opt_out_ranges_.emplace(consent::place(found.scanned_to.id() + 1), result.request.to);
            for (auto& change : found.changes) lanes_.admit(std::move(change), now.steady, effects);
            break;
        case fetch_request::kind::bulk:
        case fetch_request::kind::released: fetched_bulk(std::move(result), now, effects); break;
        case fetch_request::kind::deferred:
            lanes_.admit_deferred(result.request.hash, std::move(found.changes), result.complete, now.steady, effects);
            break;
        case fetch_request::kind::assertions: fetched_assertions(std::move(found.changes), now); break;
        case fetch_request::kind::older: fetched_older(found.changes, now); break;
    }
    apply(std::move(effects));
}

// Opt-outs apart: a batch of both would hold up fresh opt-outs for the sake of opt-ins.
void engine::fetched_assertions(std::vector<ledger::fetched_change>&& changes, base::moment now) {
    --fetching_assertions_;
    for (const bool opt_outs : {true, false}) {
        auto b = std::make_unique<batch>();
        b->id = next_batch_++;
        b->assertion = true;
        for (auto& change : changes) {
            if (change.change.is_opt_out() != opt_outs) continue;
            if (lanes_.watch(change.hash)) continue;  // changes of its key came in meanwhile: see prepare_assertions
            if (!change.settled)                      // it will be fetched, and sent: that will do
                late_.postpone(change.hash, even_wall(now) + unsettled_wait);
            else if (lanes_.occupy(change.hash, change.change.id, b->id))
                b->add(std::move(change.change), change.hash);
        }
        if (b->changes.empty()) continue;
        batches_.add(*b);
        park(std::move(b), now.steady);
    }
}

void engine::fetched_older(const std::vector<ledger::fetched_change>& changes, base::moment now) {
    --fetching_assertions_;
    for (const consent::key_hash hash : std::exchange(looking_up_, {})) {
        const auto found =
            std::find_if(changes.begin(), changes.end(), [hash](const auto& c) { return c.hash == hash; });
        late_.older(hash, found == changes.end() ? nullptr : &*found, even_wall(now), pending_);
    }
}

void engine::fetched_bulk(fetch_result&& result, base::moment now, lane_effects& effects) {
    fetching_bulk_ = false;
    ledger::fetched& found = result.found;
    const bool of_released = result.request.what == fetch_request::kind::released;
    // What came in since the request was made and lies behind the barrier waits: its key would be out of order.
    const consent::place end = std::min(result.request.to, fetch_barrier(of_released));
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
    for (auto& change : found.changes) lanes_.admit(std::move(change), now.steady, effects);
}

// How far bulk rows may be fetched at present: not past an opt-out that is not in the lanes yet, and the cursor not
// past a released row that is not: rows that are newer than its release were never compared with it.
consent::place engine::fetch_barrier(bool of_released) const {
    consent::place barrier(INT64_MAX);
    if (fetching_opt_outs_) barrier = consent::place(fetching_opt_outs_->first.id() - 1);
    if (!opt_out_ranges_.empty()) barrier = std::min(barrier, consent::place(opt_out_ranges_.begin()->first.id() - 1));
    if (!of_released)
        if (const auto released = released_.next()) barrier = std::min(barrier, released->first);
    return barrier;
}

void engine::want_fetches() {
    if (stopping_) return;
    if (!fetching_opt_outs_ && !opt_out_ranges_.empty() && lanes_.ready(lane::opt_out) < bounds_.ready_low) {
        fetching_opt_outs_ = *opt_out_ranges_.begin();
        opt_out_ranges_.erase(opt_out_ranges_.begin());
        fetch_request request;
        request.what = fetch_request::kind::opt_outs;
        request.after = consent::place(fetching_opt_outs_->first.id() - 1);
        request.to = fetching_opt_outs_->second;
        request.most = bounds_.fetch_most;
        out_.fetches.push_back(std::move(request));
    }
    if (fetching_bulk_ || !bulk_more_ || lanes_.ready(lane::bulk) >= bounds_.ready_low) return;
    fetch_request request;
    request.what = fetch_request::kind::bulk;
    request.after = low_water_.fetched_to();
    request.to = consent::place(INT64_MAX);
    if (const auto released = released_.next(); released && released->first <= low_water_.fetched_to()) {
        request.what = fetch_request::kind::released;
        std::tie(request.after, request.to) = *released;
    }
    request.to = std::min(request.to, fetch_barrier(request.what == fetch_request::kind::released));
    if (request.to <= request.after) return;
    fetching_bulk_ = true;
    request.most = bounds_.fetch_most;
    out_.fetches.push_back(std::move(request));
}

}  // namespace consent_sync::delivery
