#include "delivery/late_writes.hpp"

#include <algorithm>

namespace consent_sync::delivery {
namespace {

constexpr std::chrono::seconds unsettled_wait{60};

}  // namespace

void late_writes::restore(const std::vector<ledger::late_write>& duties, base::wall_time now) {
    for (const ledger::late_write& duty : duties) {
        key_duty& key = keys_[duty.hash];
        key.changes.push_back(duty);
        // A clock may have jumped since this was written, forwards or back, and a machine that boots may not have its
        // time yet: the window starts again with the daemon. That is at most one window too late, and never too early.
        key.quiet_at = now + window_;
    }
    for (auto& [hash, key] : keys_) {
        std::sort(key.changes.begin(), key.changes.end(),
                  [](const auto& a, const auto& b) { return a.change < b.change; });
        schedule(hash, key, key.quiet_at);
    }
}

ledger::late_write& late_writes::find_or_add(key_duty& duty, const consent::change& c, consent::key_hash hash) {
    const auto found = std::lower_bound(duty.changes.begin(), duty.changes.end(), c.id,
                                        [](const auto& known, consent::place id) { return known.change < id; });
    if (found != duty.changes.end() && found->change == c.id) return *found;
    ledger::late_write added;
    added.hash = hash;
    added.change = c.id;
    added.opt_out = c.is_opt_out();
    return *duty.changes.insert(found, added);
}

void late_writes::began(const consent::change& c, consent::key_hash hash, ledger::ledger_change& out) {
    const auto found = keys_.find(hash);
    if (found == keys_.end()) return;
    out.late_writes.push_back(find_or_add(found->second, c, hash));
}

void late_writes::unanswered(const consent::change& c, consent::key_hash hash, base::wall_time ended,
                             ledger::ledger_change& out) {
    key_duty& duty = keys_[hash];
    ledger::late_write& late = find_or_add(duty, c, hash);
    late.quiet_at = ended + window_;
    duty.quiet_at = std::max(duty.quiet_at, late.quiet_at);
    schedule(hash, duty, duty.quiet_at);
    out.late_writes.push_back(late);
}

void late_writes::confirmed(const consent::change& c, consent::key_hash hash, base::wall_time begun,
                            ledger::ledger_change& out) {
    const auto found = keys_.find(hash);
    if (found == keys_.end()) return;
    ledger::late_write& late = find_or_add(found->second, c, hash);
    late.confirmed = true;
    late.rejected = false;
    const ledger::late_write* newest = newest_accepted(found->second);
    if (newest->change == c.id && begun >= found->second.quiet_at)
        end(hash, out);
    else {
        out.late_writes.push_back(late);
        // Confirmed too early, or not the newest: the duty goes on.
        if (found->second.due_at == base::wall_time{}) schedule(hash, found->second, found->second.quiet_at);
    }
}

void late_writes::rejected(const consent::change& c, consent::key_hash hash, ledger::ledger_change& out) {
    const auto found = keys_.find(hash);
    if (found == keys_.end()) return;
    ledger::late_write& late = find_or_add(found->second, c, hash);
    late.rejected = true;
    out.late_writes.push_back(late);
    schedule(hash, found->second, found->second.quiet_at);  // the newest change may be another one now
}

bool late_writes::refused_again(const consent::change& c, consent::key_hash hash, ledger::attempt_id accepted,
                                ledger::attempt_id next, ledger::ledger_change& out) {
    const auto found = keys_.find(hash);
    if (found == keys_.end() || find_or_add(found->second, c, hash).confirmed) return false;
    ledger::attempt_id& since = found->second.refused_since;
    if (since == 0 || accepted < since) {
        if (since == 0) since = next;
        return false;
    }
    since = 0;
    rejected(c, hash, out);
    return true;
}

const ledger::late_write* late_writes::newest_accepted(const key_duty& duty) {
    for (auto late = duty.changes.rbegin(); late != duty.changes.rend(); ++late)
        if (!late->rejected) return &*late;
    return nullptr;
}

bool late_writes::may_have_subscribed(const key_duty& duty) {
    return std::any_of(duty.changes.begin(), duty.changes.end(),
                       [](const auto& late) { return late.quiet_at != base::wall_time{} && !late.opt_out; });
}

bool late_writes::needs_assertion(const key_duty& duty) {
    const ledger::late_write* newest = newest_accepted(duty);
    if (!newest) return false;
    const bool only_its_own = std::all_of(duty.changes.begin(), duty.changes.end(), [newest](const auto& late) {
        return late.change == newest->change || late.quiet_at == base::wall_time{};
    });
    if (newest->confirmed && only_its_own) return false;
    const bool left_later = std::any_of(duty.changes.begin(), duty.changes.end(), [newest](const auto& late) {
        return late.change > newest->change && late.opt_out;
    });
    return newest->opt_out || !left_later;
}

std::vector<late_writes::due_assertion> late_writes::take_due(base::wall_time now, std::size_t most,
                                                              ledger::ledger_change& out) {
    std::vector<due_assertion> due;
    while (due.size() < most && !due_.empty() && due_.begin()->first <= now) {
        const consent::key_hash hash = due_.begin()->second;
        key_duty& duty = keys_[hash];
        due_.erase(due_.begin());
        duty.due_at = {};
        if (needs_assertion(duty))
            due.push_back({hash, newest_accepted(duty)->change, false});
        else if (!newest_accepted(duty) && may_have_subscribed(duty))
            due.push_back({hash, duty.changes.front().change, true});
        else
            end(hash, out);
    }
    return due;
}

// Whatever of it landed was rejected. An older opt-in needs no second sending for that: the most that can have happened
// is that its person is left alone.
void late_writes::older(consent::key_hash hash, const ledger::fetched_change* found, base::wall_time now,
                        ledger::ledger_change& out) {
    const auto duty = keys_.find(hash);
    if (duty == keys_.end()) return;
    if (found && found->change.is_opt_out()) {
        ledger::late_write& late = find_or_add(duty->second, found->change, hash);
        late.confirmed = found->confirmed;
        out.late_writes.push_back(late);
    } else if (!newest_accepted(duty->second)) {
        return end(hash, out);
    }
    schedule(hash, duty->second, std::max(now, duty->second.quiet_at));
}

void late_writes::postpone(consent::key_hash hash, base::wall_time at) {
    const auto found = keys_.find(hash);
    if (found != keys_.end()) schedule(hash, found->second, std::max(at, found->second.quiet_at));
}

void late_writes::look_again(consent::key_hash hash) {
    const auto found = keys_.find(hash);
    if (found != keys_.end() && found->second.due_at == base::wall_time{})
        schedule(hash, found->second, found->second.quiet_at);
}

std::optional<base::wall_time> late_writes::next_due() const {
    if (due_.empty()) return std::nullopt;
    return due_.begin()->first;
}

void late_writes::schedule(consent::key_hash hash, key_duty& duty, base::wall_time at) {
    if (duty.due_at != base::wall_time{}) due_.erase({duty.due_at, hash});
    duty.due_at = at;
    due_.emplace(at, hash);
}

void late_writes::end(consent::key_hash hash, ledger::ledger_change& out) {
    const auto found = keys_.find(hash);
    // A step deletes before it writes: what the same step had to write would outlive the duty.
    std::erase_if(out.late_writes, [hash](const auto& late) { return late.hash == hash; });
    for (const ledger::late_write& late : found->second.changes) out.quiet.emplace_back(hash, late.change);
    if (found->second.due_at != base::wall_time{}) due_.erase({found->second.due_at, hash});
    keys_.erase(found);
}

void assertions::prepare(outgoing& o, base::wall_time now, output& out) {
    fetch_request assert, older;
    assert.what = fetch_request::kind::assertions;
    older.what = fetch_request::kind::older;
    for (const late_writes::due_assertion& duty : late_.take_due(now, o.limit().changes(), out.step)) {
        if (o.keys().watch(duty.hash))
            continue;  // changes of the key are on their way; looked at when they are through
        if (duty.look_up) {
            older.places.push_back(duty.change);
            looking_up_.push_back(duty.hash);
        } else {
            assert.places.push_back(duty.change);
        }
    }
    if (!assert.places.empty()) out.tell(base::level::info, "late_writes.assert", {{"changes", assert.places.size()}});
    for (fetch_request* request : {&assert, &older}) {
        if (request->places.empty()) continue;
        ++asked_for_;
        out.fetches.push_back(std::move(*request));
    }
}

// Opt-outs apart: a batch of both would hold up fresh opt-outs for the sake of opt-ins.
std::vector<batch*> assertions::fetched(std::vector<ledger::fetched_change>&& changes, outgoing& o,
                                        base::wall_time now) {
    --asked_for_;
    std::vector<ledger::fetched_change> parts[2];
    for (auto& change : changes) {
        if (o.keys().watch(change.hash)) continue;  // changes of its key came in meanwhile: see prepare()
        if (!change.settled)                        // it will be fetched, and sent: that will do
            late_.postpone(change.hash, now + unsettled_wait);
        else
            parts[change.change.is_opt_out() ? 0 : 1].push_back(std::move(change));
    }
    std::vector<batch*> made;
    for (auto& part : parts)
        if (batch* b = o.make_assertion(std::move(part))) made.push_back(b);
    return made;
}

void assertions::fetched_older(const std::vector<ledger::fetched_change>& changes, base::wall_time now, output& out) {
    --asked_for_;
    for (const consent::key_hash hash : std::exchange(looking_up_, {})) {
        const auto found =
            std::find_if(changes.begin(), changes.end(), [hash](const auto& c) { return c.hash == hash; });
        late_.older(hash, found == changes.end() ? nullptr : &*found, now, out.step);
    }
}

}  // namespace consent_sync::delivery
