// What is read from the ledger when, and how it comes into the lanes.
#include <algorithm>
#include <tuple>

#include "delivery/engine.hpp"

namespace consent_sync::delivery {

void engine::on_rows(consent::place first, consent::place last, bool opt_outs) {
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
            if (!found.reached_end)
                opt_out_ranges_.emplace(consent::place(found.scanned_to.id() + 1), result.request.to);
            for (auto& change : found.changes) lanes_.admit(std::move(change), now.steady, effects);
            break;
        case fetch_request::kind::bulk:
        case fetch_request::kind::released: fetched_bulk(std::move(result), now, effects); break;
        case fetch_request::kind::deferred:
            lanes_.admit_deferred(result.request.hash, std::move(found.changes), result.complete, now.steady, effects);
            break;
        case fetch_request::kind::assertions: {
            auto b = std::make_unique<batch>();
            b->id = next_batch_++;
            b->root = b->id;
            b->assertion = true;
            for (auto& change : found.changes)
                if (lanes_.occupy(change.hash, change.change.id, b->id))
                    b->add(std::move(change.change), change.hash);
                else
                    late_.postpone(change.hash, even_wall(now) + std::chrono::seconds(1));
            if (!b->changes.empty()) {
                batches_[b->id] = b.get();
                park(std::move(b), now.steady);
            }
            break;
        }
    }
    apply(std::move(effects));
}

void engine::fetched_bulk(fetch_result&& result, base::moment now, lane_effects& effects) {
    fetching_bulk_ = false;
    ledger::fetched& found = result.found;
    const bool of_released = result.request.what == fetch_request::kind::released;
    // Rows that are newer than the release were never compared with the released ones: those go first.
    if (!of_released && released_.any_to_fetch()) return;
    // Opt-outs that came in since: what lies behind one waits until it was fetched, or its key is out of order.
    if (const auto first = first_unfetched_opt_out(); first && *first <= found.scanned_to) {
        std::erase_if(found.changes, [first](const auto& f) { return f.change.id >= *first; });
        found.scanned_to = consent::place(first->id() - 1);
        found.reached_end = false;
    }
    if (found.reached_end && !(of_released && found.scanned_to >= result.request.to)) bulk_more_ = false;
    if (of_released)
        released_.fetched(found.scanned_to, found.changes.size());
    else
        low_water_.fetched(found.scanned_to, found.changes.size());
    for (auto& change : found.changes) lanes_.admit(std::move(change), now.steady, effects);
}

std::optional<consent::place> engine::first_unfetched_opt_out() const {
    std::optional<consent::place> first;
    if (fetching_opt_outs_) first = fetching_opt_outs_->first;
    if (!opt_out_ranges_.empty()) first = first ? std::min(*first, opt_out_ranges_.begin()->first) : opt_out_ranges_.begin()->first;
    return first;
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
    if (const auto released = released_.next()) {
        request.what = fetch_request::kind::released;
        std::tie(request.after, request.to) = *released;
    }
    if (const auto first = first_unfetched_opt_out())
        request.to = std::min(request.to, consent::place(first->id() - 1));
    if (request.to <= request.after) return;
    fetching_bulk_ = true;
    request.most = bounds_.fetch_most;
    out_.fetches.push_back(std::move(request));
}

}  // namespace consent_sync::delivery
