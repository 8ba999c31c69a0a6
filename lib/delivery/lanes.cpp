#include "delivery/lanes.hpp"

#include <algorithm>

namespace consent_sync::delivery {
namespace {

constexpr std::size_t gone_most = 1'000;  // in a lane, beyond as many as are ready

}  // namespace

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

    const bool blocked = key.busy || key.loading || key.deferred || key.any();
    if (!blocked) return make_ready(key, std::move(fetched.change), hash, now, false);
    if (!opt_out && (key.deferred || key.loading || !has_room(key))) {
        out.deferred.emplace_back(hash, place);
        (key.loading ? key.deferred_again : key.deferred) = true;
        return;
    }
    wait(key, std::move(fetched.change), now);
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
    const auto entry = keys_.try_emplace(hash).first;
    key_state& key = entry->second;
    key.deferred = key.deferred || !complete || key.deferred_again;
    key.deferred_again = false;
    if (!key.busy && key.any()) make_first_ready(hash, key, false);
    if (!key.busy && !key.any() && key.deferred) {
        key.loading = true;
        out.wanted.push_back(hash);
    }
    forget_if_idle(entry, out);
}

bool lanes::in_memory(const key_state& key, consent::place place) const {
    if (key.busy == place || (key.ready && key.ready->change.id == place)) return true;
    for (const waiting_change* w = key.waiting.get(); w; w = w->next.get())
        if (w->change.id == place) return true;
    return false;
}

bool lanes::has_room(const key_state& key) const {
    if (waiting_ >= waiting_max_) return false;
    std::size_t count = key.ready ? 1 : 0;
    for (const waiting_change* w = key.waiting.get(); w; w = w->next.get()) ++count;
    return count < waiting_of_key_max;
}

consent::place lanes::find_newer_opt_out(const key_state& key, const consent::change& c) {
    consent::place newest;
    const auto look = [&](const consent::change& other) {
        if (other.id > c.id && other.is_opt_out() && consent::same_key(other, c)) newest = other.id;
    };
    if (key.ready) look(key.ready->change);
    for (const waiting_change* w = key.waiting.get(); w; w = w->next.get()) look(w->change);
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
    const auto loses = [&opt_out](const consent::change& c) {
        return c.id < opt_out.id && consent::same_key(c, opt_out);
    };
    if (key.ready && loses(key.ready->change)) out.superseded.push_back({unready(key), hash, opt_out.id});
    std::unique_ptr<waiting_change>* link = &key.waiting;
    while (*link) {
        waiting_change& w = **link;
        if (loses(w.change)) {
            --waiting_;
            out.superseded.push_back({std::move(w.change), hash, opt_out.id});
            *link = std::move(w.next);
        } else {
            link = &w.next;
        }
    }
    if (key.busy && key.busy < opt_out.id && key.busy_may_be_superseded)
        out.superseded_in_batch.push_back({key.batch, key.busy, opt_out.id});
}

void lanes::wait(key_state& key, consent::change&& change, base::steady_time since) {
    if (key.ready && change.id < key.ready->change.id) {  // an older change comes first
        const base::steady_time since_of_ready = key.ready->since;
        wait(key, unready(key), since_of_ready);
    }
    std::unique_ptr<waiting_change>* link = &key.waiting;
    while (*link && (*link)->change.id < change.id) link = &(*link)->next;
    auto added = std::make_unique<waiting_change>();
    added->change = std::move(change);
    added->since = since;
    added->next = std::move(*link);
    *link = std::move(added);
    ++waiting_;
}

void lanes::make_ready(key_state& key, consent::change&& change, consent::key_hash hash, base::steady_time since,
                       bool at_front) {
    ready_queue& q = queue(lane_of(change));
    if (q.order.size() > 2 * q.ready + gone_most) free_room_of_gone(q);
    ++q.ready;
    key.ready = at_front ? &q.order.emplace_front(std::move(change), hash, since)
                         : &q.order.emplace_back(std::move(change), hash, since);
}

void lanes::make_first_ready(consent::key_hash hash, key_state& key, bool at_front) {
    if (key.ready) return;
    const std::unique_ptr<waiting_change> first = std::move(key.waiting);
    key.waiting = std::move(first->next);
    --waiting_;
    make_ready(key, std::move(first->change), hash, first->since, at_front);
}

// Takes the key's ready change out of its lane.
consent::change lanes::unready(key_state& key) {
    ready_change& was = *std::exchange(key.ready, nullptr);
    was.gone = true;
    --queue(lane_of(was.change)).ready;
    return std::move(was.change);
}

// Changes that replace each other behind one that stays, as while sending is paused, must not fill the memory.
void lanes::free_room_of_gone(ready_queue& q) {
    ready_queue::changes left;
    for (ready_change& c : q.order)
        if (!c.gone) {
            key_state& key = keys_.find(c.hash)->second;
            key.ready = &left.emplace_back(std::move(c));
        }
    q.order.swap(left);  // what it holds stays where it is
}

void lanes::ready_queue::drop_gone() {
    while (!order.empty() && order.front().gone) order.pop_front();
}

// The next ready change, at the front of its queue; it is not counted there any more.
lanes::ready_change* lanes::occupy_next(lane of, ledger::batch_id batch) {
    ready_queue& q = queue(of);
    q.drop_gone();
    return q.order.empty() ? nullptr : occupy(q, q.order.front(), batch);
}

lanes::ready_change* lanes::occupy_newest(lane of, ledger::batch_id batch) {
    ready_queue& q = queue(of);
    while (!q.order.empty() && q.order.back().gone) q.order.pop_back();
    return q.order.empty() ? nullptr : occupy(q, q.order.back(), batch);
}

lanes::ready_change* lanes::occupy(ready_queue& q, ready_change& change, ledger::batch_id batch) {
    key_state& key = keys_.find(change.hash)->second;
    key.ready = nullptr;
    key.busy = change.change.id;
    key.batch = batch;
    key.busy_may_be_superseded = false;
    --q.ready;
    return &change;
}

std::optional<base::steady_time> lanes::oldest_ready(lane of) {
    ready_queue& q = queue(of);
    q.drop_gone();
    if (q.order.empty()) return std::nullopt;
    return q.order.front().since;
}

bool lanes::occupy(consent::key_hash hash, consent::place change, ledger::batch_id batch) {
    key_state& key = keys_[hash];
    if (key.busy || key.any() || key.loading || key.deferred) return false;
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
    if (key.any()) {
        make_first_ready(hash, key, true);
    } else if (key.deferred && !key.loading) {
        key.loading = true;
        out.wanted.push_back(hash);
    }
    forget_if_idle(found, out);
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

void lanes::forget_if_idle(keys::iterator entry, lane_effects& out) {
    const key_state& key = entry->second;
    if (key.busy || key.any() || key.deferred || key.loading) return;
    if (key.watched) out.through.push_back(entry->first);
    keys_.erase(entry);
}

}  // namespace consent_sync::delivery
