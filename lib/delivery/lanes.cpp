#include "delivery/lanes.hpp"

#include <algorithm>

namespace consent_sync::delivery {

void lanes::admit(ledger::fetched_change&& fetched, base::steady_time now, lane_effects& out) {
    const consent::key_hash hash = fetched.hash;
    const consent::place place = fetched.change.id;
    if (fetched.overtaken_by) {
        out.superseded.push_back({std::move(fetched.change), hash, fetched.overtaken_by});
        return;
    }
    key_state& key = keys_[hash];
    if (in_memory(key, place)) return;
    if (const consent::place newer = find_newer(key, fetched.change)) {
        out.superseded.push_back({std::move(fetched.change), hash, newer});
        return;
    }
    const bool opt_out = fetched.change.is_opt_out();
    if (opt_out) supersede_older(key, fetched.change, hash, out);

    const bool blocked = key.busy || key.loading || key.deferred || key.first;
    if (blocked && !opt_out && (key.deferred || key.loading || !has_room(key))) {
        out.deferred.emplace_back(hash, place);
        (key.loading ? key.deferred_again : key.deferred) = true;
        return;
    }
    auto added = std::make_unique<node>();
    added->change = std::move(fetched.change);
    added->hash = hash;
    added->since = now;
    ++waiting_;
    insert(key, std::move(added));
    // An opt-out need not wait for older deferred changes of its key: they will be superseded when they are met.
    if (!key.busy && (!key.loading || opt_out)) make_first_ready(hash, key, false);
}

void lanes::admit_deferred(consent::key_hash hash, std::vector<ledger::fetched_change>&& changes, bool complete,
                           base::steady_time now, lane_effects& out) {
    {
        key_state& key = keys_[hash];
        key.loading = false;
        key.deferred = false;
    }
    for (ledger::fetched_change& change : changes) admit(std::move(change), now, out);
    key_state& key = keys_[hash];
    key.deferred = key.deferred || !complete || key.deferred_again;
    key.deferred_again = false;
    if (!key.busy && key.first) make_first_ready(hash, key, false);
    if (!key.busy && !key.first && key.deferred) {
        key.loading = true;
        out.wanted.push_back(hash);
    }
    forget_if_idle(hash, out);
}

bool lanes::in_memory(const key_state& key, consent::place place) const {
    if (key.busy == place) return true;
    for (const node* n = key.first.get(); n; n = n->next.get())
        if (n->change.id == place) return true;
    return false;
}

bool lanes::has_room(const key_state& key) const {
    if (waiting_ >= waiting_max_) return false;
    std::size_t count = 0;
    for (const node* n = key.first.get(); n; n = n->next.get()) ++count;
    return count < waiting_of_key_max;
}

consent::place lanes::find_newer_opt_out(const key_state& key, const consent::change& c) {
    consent::place newest;
    for (const node* n = key.first.get(); n; n = n->next.get())
        if (n->change.id > c.id && n->change.is_opt_out() && consent::same_key(n->change, c)) newest = n->change.id;
    return newest;
}

// A change that was fetched after a newer one of its key was sent or an opt-out of its key came in is too late.
consent::place lanes::find_newer(const key_state& key, const consent::change& c) const {
    if (const consent::place waiting = find_newer_opt_out(key, c)) return waiting;
    if (key.busy <= c.id) return {};
    const consent::change* busy = find_busy_(key.batch, key.busy);
    return busy && consent::same_key(*busy, c) ? key.busy : consent::place();
}

consent::place lanes::newer_opt_out(const consent::change& c, consent::key_hash hash) const {
    const auto found = keys_.find(hash);
    return found == keys_.end() ? consent::place() : find_newer_opt_out(found->second, c);
}

void lanes::supersede_older(key_state& key, const consent::change& opt_out, consent::key_hash hash, lane_effects& out) {
    std::unique_ptr<node>* link = &key.first;
    while (*link) {
        node& n = **link;
        if (n.change.id < opt_out.id && consent::same_key(n.change, opt_out)) {
            if (n.ready) unready(n);
            --waiting_;
            out.superseded.push_back({std::move(n.change), hash, opt_out.id});
            *link = std::move(n.next);
        } else {
            link = &n.next;
        }
    }
    if (key.busy && key.busy < opt_out.id && key.busy_may_be_superseded)
        out.superseded_in_batch.push_back({key.batch, key.busy, opt_out.id});
}

void lanes::insert(key_state& key, std::unique_ptr<node> added) {
    std::unique_ptr<node>* link = &key.first;
    while (*link && (*link)->change.id < added->change.id) link = &(*link)->next;
    if (*link && (*link)->ready) unready(**link);  // an older change comes first
    added->next = std::move(*link);
    *link = std::move(added);
}

void lanes::make_first_ready(consent::key_hash hash, key_state& key, bool at_front) {
    node& n = *key.first;
    if (n.ready) return;
    n.ready = true;
    --waiting_;
    ready_queue& q = queue(lane_of(n.change));
    ++q.ready;
    if (at_front)
        q.order.emplace_front(hash, n.change.id);
    else
        q.order.emplace_back(hash, n.change.id);
}

void lanes::unready(node& n) {
    n.ready = false;
    ++waiting_;
    --queue(lane_of(n.change)).ready;  // its entry in the order is skipped when it is met
}

std::optional<ledger::fetched_change> lanes::take(lane of, ledger::batch_id batch) {
    ready_queue& q = queue(of);
    while (!q.order.empty()) {
        const auto [hash, place] = q.order.front();
        q.order.pop_front();
        const auto found = keys_.find(hash);
        if (found == keys_.end()) continue;
        key_state& key = found->second;
        if (!key.first || !key.first->ready || key.first->change.id != place) continue;
        std::unique_ptr<node> taken = std::move(key.first);
        key.first = std::move(taken->next);
        --q.ready;
        key.busy = place;
        key.batch = batch;
        key.busy_may_be_superseded = false;
        return ledger::fetched_change{std::move(taken->change), hash, {}};
    }
    return std::nullopt;
}

std::optional<base::steady_time> lanes::oldest_ready(lane of) {
    ready_queue& q = queue(of);
    if (q.ready == 0) q.order.clear();
    while (!q.order.empty()) {
        const auto [hash, place] = q.order.front();
        const auto found = keys_.find(hash);
        if (found != keys_.end() && found->second.first && found->second.first->ready &&
            found->second.first->change.id == place)
            return found->second.first->since;
        q.order.pop_front();
    }
    return std::nullopt;
}

bool lanes::occupy(consent::key_hash hash, consent::place change, ledger::batch_id batch) {
    key_state& key = keys_[hash];
    if (key.busy || key.first || key.loading || key.deferred) return false;
    key.busy = change;
    key.batch = batch;
    key.busy_may_be_superseded = true;
    return true;
}

void lanes::move(consent::key_hash hash, ledger::batch_id batch, bool may_be_superseded) {
    key_state& key = keys_[hash];
    key.batch = batch;
    key.busy_may_be_superseded = may_be_superseded;
}

void lanes::release(consent::key_hash hash, base::steady_time, lane_effects& out) {
    const auto found = keys_.find(hash);
    if (found == keys_.end()) return;
    key_state& key = found->second;
    key.busy = {};
    key.batch = 0;
    key.busy_may_be_superseded = false;
    if (key.first) {
        make_first_ready(hash, key, true);
    } else if (key.deferred && !key.loading) {
        key.loading = true;
        out.wanted.push_back(hash);
    }
    forget_if_idle(hash, out);
}

bool lanes::has_deferred(consent::key_hash hash) const {
    const auto found = keys_.find(hash);
    return found != keys_.end() && (found->second.deferred || found->second.loading);
}

bool lanes::watch(consent::key_hash hash) {
    const auto found = keys_.find(hash);
    if (found == keys_.end()) return false;
    found->second.watched = true;
    return true;
}

void lanes::forget_if_idle(consent::key_hash hash, lane_effects& out) {
    const auto found = keys_.find(hash);
    const key_state& key = found->second;
    if (key.busy || key.first || key.deferred || key.loading) return;
    if (key.watched) out.through.push_back(hash);
    keys_.erase(found);
}

}  // namespace consent_sync::delivery
