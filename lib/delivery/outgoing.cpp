#include "delivery/outgoing.hpp"

#include <algorithm>
#include <random>

namespace consent_sync::delivery {
namespace {

lane lane_of_batch(const batch& b) { return b.has_opt_out() ? lane::opt_out : lane::bulk; }

}  // namespace

outgoing::outgoing(const engine_bounds& bounds, std::uint32_t max_changes, base::random_engine& random)
    : bounds_(bounds),
      random_(random),
      lanes_(bounds.waiting_max,
             [this](ledger::batch_id id, consent::place place) { return batches_.find(id, place); }),
      limit_(max_changes) {}

void outgoing::start(const ledger::recovery& past) {
    batches_.restore(past.next_batch);
    cursor_.start(past);
}

bool outgoing::fetched(fetch_result&& result, base::steady_time now, lane_effects& effects) {
    const auto kind = result.request.what;
    if (kind == fetch_request::kind::deferred) {
        lanes_.admit_deferred(result.request.hash, std::move(result.found.changes), result.complete, now, effects);
        return false;
    }
    const bool opt_outs = kind == fetch_request::kind::opt_outs;
    if (opt_outs)
        cursor_.opt_outs_fetched(result);
    else
        cursor_.bulk_fetched(result);
    for (auto& change : result.found.changes) lanes_.admit(std::move(change), now, effects);
    return opt_outs && !result.found.changes.empty();
}

void outgoing::ask_for_rows(output& out) {
    cursor_.ask({lanes_.ready(lane::opt_out) < bounds_.ready_low, lanes_.ready(lane::bulk) < bounds_.ready_low},
                bounds_.fetch_most, out);
}

bool outgoing::nothing_left(bool opt_ins_held) const {
    const bool opt_outs = !waiting(lane::opt_out).empty() || cursor_.opt_outs_left() || lanes_.ready(lane::opt_out) > 0;
    const bool bulk = !waiting(lane::bulk).empty() || cursor_.bulk_left() || lanes_.ready(lane::bulk) > 0;
    return !opt_outs && (!bulk || opt_ins_held);
}

// --- which batch leaves

batch* outgoing::pick(const conditions& c) {
    if (c.may_refuse_everything) return pick_in_doubt(c);
    const bool opt_outs_ready = lanes_.ready(lane::opt_out) > 0;
    // A probe prefers changes that HubSpot has not refused yet: they prove more, and must not wait for a bad batch. But
    // if the pause does not concern the content, waiting opt-outs go before fresh opt-ins, each batch once.
    if (c.probe && !opt_outs_ready && due(lane::opt_out, c) && !waiting(lane::opt_out).begin()->second->last.probe &&
        !c.content_refused)
        return pick_waiting(lane::opt_out, c);
    if (c.probe && (opt_outs_ready || (c.opt_ins_may_go && lanes_.ready(lane::bulk) > 0)))
        if (batch* b = fill(c, opt_outs_ready && c.locked ? std::optional(lane::opt_out) : std::nullopt)) return b;
    // Where HubSpot refuses rows, opt-outs must not be refused for the opt-ins beside them.
    conditions fresh = c;
    fresh.probe = false;
    const auto beside = c.many_errors || c.some_refused ? std::optional(lane::opt_out) : std::nullopt;
    // Fresh opt-outs and those that were sent before take turns: neither waits for many of the other.
    const bool fresh_opt_outs = fresh_due(lane::opt_out, c);
    if (due(lane::opt_out, c) && (!fresh_opt_outs || (fresh_opt_outs_next_ = !fresh_opt_outs_next_)))
        return pick_waiting(lane::opt_out, c);
    if (fresh_opt_outs) return fill(fresh, beside);
    if (!c.opt_ins_may_go || (opt_outs_ready && !room_for(lane::opt_out, c))) return nullptr;
    const bool retry_due = due(lane::bulk, c);
    const bool fresh_opt_ins = fresh_due(lane::bulk, c);
    if (retry_due && (!c.many_errors || !fresh_opt_ins)) {
        if (opt_outs_ready) return fill(fresh, beside);  // no opt-out waits for a retry of opt-ins
        return pick_waiting(lane::bulk, c);
    }
    return fresh_opt_ins ? fill(fresh) : nullptr;
}

// HubSpot refused so much in a row that it may refuse everything. Changes that it has not refused yet tell most. A
// single change is accepted if only some rows are bad, and the newest may be of another file than the bad ones. A whole
// batch gets past a file in which all rows are bad.
batch* outgoing::pick_in_doubt(const conditions& c) {
    const bool whole = asked_in_doubt_++ % 2 == 1;
    // Opt-outs that were refused, maybe for the opt-ins beside them, do not wait for any number of fresh opt-ins.
    if (!c.probe && !whole && lanes_.ready(lane::opt_out) == 0)
        if (batch* b = pick_one_refused(lane::opt_out, c)) return b;
    conditions asking = c;
    asking.probe = true;
    for (const lane of : {lane::opt_out, lane::bulk}) {
        if (lanes_.ready(of) == 0 || (of == lane::bulk && !c.opt_ins_may_go)) continue;
        return whole && room_for(of, c) ? fill(asking, of) : fill_newest(of);
    }
    for (const lane of : {lane::opt_out, lane::bulk})
        if (of == lane::opt_out || c.opt_ins_may_go)
            if (batch* b = pick_one_refused(of, c)) return b;
    return nullptr;
}

batch* outgoing::fill_newest(lane of) {
    batch& b = batches_.make();
    lanes_.take_newest(of, b.id,
                       [&b](consent::change&& c, consent::key_hash hash) { b.content.add(std::move(c), hash); });
    return &b;
}

// A change that was refused together with others alone, any of them; where all have been alone, the next one.
batch* outgoing::pick_one_refused(lane of, const conditions& c) {
    std::vector<batch*> refused;
    for (const auto& [at, b] : waiting(of)) {
        if (at > c.now) break;
        if (b->content.size() > 1 && !b->assertion) refused.push_back(b);
    }
    if (refused.empty()) return pick_waiting(of, c);
    batch& from = *refused[any_of(refused.size())];
    std::vector<bool> one(from.content.size(), false);
    one[any_of(one.size())] = true;
    batch& alone = split(from, one);
    alone.past.cut = from.past.cut = true;
    choose_lane_again(from);
    return &alone;
}

std::size_t outgoing::any_of(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
}

bool outgoing::due(lane of, const conditions& c) const {
    return !waiting(of).empty() && waiting(of).begin()->first <= c.now;
}

batch* outgoing::pick_waiting(lane of, const conditions& c) {
    if (!due(of, c)) return nullptr;
    batch* b = waiting(of).begin()->second;
    waiting(of).erase(waiting(of).begin());
    for (std::size_t i = 0; i < b->content.size(); ++i) lanes_.move(b->content.hash(i), b->id, false);
    return b;
}

// Whether a fresh batch of this lane may leave: it is full, or its oldest change has waited long enough.
bool outgoing::fresh_due(lane of, const conditions& c) {
    if (!room_for(of, c)) return false;
    const auto oldest = lanes_.oldest_ready(of);
    if (!oldest) return false;
    if (*oldest + c.max_wait <= c.now) return true;
    std::size_t ready = lanes_.ready(of);
    if (of == lane::opt_out && c.opt_ins_may_go && room_for(lane::bulk, c)) ready += lanes_.ready(lane::bulk);
    return ready >= limit_.changes();
}

// A backlog that meets trouble stays in the ledger, and does not move batch by batch into memory.
bool outgoing::room_for(lane of, const conditions& c) const {
    const bool bulk = of == lane::bulk;
    return (bulk ? c.fresh_opt_ins_may_go : c.fresh_opt_outs_may_go) &&
           waiting(of).size() < (bulk ? bounds_.retrying_max : bounds_.retrying_opt_outs_max);
}

batch* outgoing::fill(const conditions& c, std::optional<lane> only) {
    batch& b = batches_.make();
    const std::size_t most = c.probe ? limit_.changes() : limit_.next_batch();
    b.content.reserve(most);
    const auto add = [&b](consent::change&& next, consent::key_hash hash) { b.content.add(std::move(next), hash); };
    for (const lane of : {lane::opt_out, lane::bulk}) {
        if (only && of != *only) continue;
        if (of == lane::bulk && (!c.opt_ins_may_go || (!c.probe && !room_for(of, c)))) break;
        while (b.content.size() < most && lanes_.take(of, b.id, add)) {
        }
    }
    if (b.content.empty()) {
        batches_.end(b);
        return nullptr;
    }
    if (!c.probe) limit_.filled(b.content.size());
    return &b;
}

bool outgoing::any_ready(const conditions& c) const {
    if (due(lane::opt_out, c) || lanes_.ready(lane::opt_out) > 0) return true;
    return c.opt_ins_may_go && (due(lane::bulk, c) || lanes_.ready(lane::bulk) > 0);
}

std::optional<base::steady_time> outgoing::next_work(const conditions& c) {
    std::optional<base::steady_time> work;
    const auto consider = [&work](base::steady_time t) { work = work ? std::min(*work, t) : t; };
    const bool opt_outs_held = lanes_.ready(lane::opt_out) > 0 && !room_for(lane::opt_out, c);
    for (const lane of : {lane::opt_out, lane::bulk}) {
        if (of == lane::bulk && !c.probe && opt_outs_held) continue;
        const bool ready = lanes_.ready(of) > 0;
        if (of == lane::bulk && !c.opt_ins_may_go) {
            if (ready || !waiting(of).empty()) consider(c.opt_ins_from);
            continue;
        }
        if (!waiting(of).empty()) consider(waiting(of).begin()->first);
        if (ready && (c.may_refuse_everything || c.probe || fresh_due(of, c)))
            consider(c.now);
        else if (ready && room_for(of, c))
            consider(*lanes_.oldest_ready(of) + c.max_wait);
    }
    return work;
}

// --- batches that come back

bool outgoing::wait(batch& b, base::steady_time not_before, lane_effects& effects) {
    b.where = batch::place::waiting;
    if (!come_to_rest(b, effects)) return false;
    waiting(lane_of_batch(b)).emplace(not_before, &b);
    return true;
}

bool outgoing::set_aside(batch& b, lane_effects& effects) {
    b.where = batch::place::aside;
    return come_to_rest(b, effects);
}

// The batch is not on the wire any more: a change with a newer opt-out of its key is superseded at once.
bool outgoing::come_to_rest(batch& b, lane_effects& effects) {
    for (std::size_t i = 0; i < b.content.size();) {
        const consent::key_hash hash = b.content.hash(i);
        const consent::place newer = lanes_.newer_opt_out(b.content[i], hash);
        if (!newer) {
            lanes_.move(hash, b.id, true);
            ++i;
            continue;
        }
        if (!b.assertion) effects.superseded.push_back({b.content[i], hash, newer});
        b.content.remove(i);
        lanes_.release(hash, {}, effects);
    }
    if (!b.content.empty()) return true;
    batches_.end(b);
    return false;
}

batch& outgoing::split(batch& b, const std::vector<bool>& part) {
    batch& other = batches_.split(b, part);
    for (std::size_t i = 0; i < other.content.size(); ++i) lanes_.move(other.content.hash(i), other.id, false);
    return other;
}

batch& outgoing::split_last(batch& b) {
    std::vector<bool> last(b.content.size(), false);
    last.back() = true;
    return split(b, last);
}

std::vector<batch*> outgoing::join(const std::vector<batch*>& single, bool cut) {
    std::vector<batch*> joined;
    for (batch* b : single) {
        if (joined.empty() || joined.back()->content.size() >= limit_.changes()) {
            joined.push_back(b);
            continue;
        }
        batch& to = *joined.back();
        to.past.cut = cut;
        lanes_.move(b->content.hash(0), to.id, true);
        to.past.refused.reset();
        to.past.alone = std::max(to.past.alone, b->past.alone);
        to.past.alone_since = std::max(to.past.alone_since, b->past.alone_since);
        to.past.alone_at = std::max(to.past.alone_at, b->past.alone_at);
        to.past.forbidden_at = std::max(to.past.forbidden_at, b->past.forbidden_at);
        to.content.add(consent::change(b->content[0]), b->content.hash(0), b->content.answered_otherwise(0));
        batches_.end(*b);
    }
    return joined;
}

batch* outgoing::make_assertion(std::vector<ledger::fetched_change>&& changes) {
    batch& b = batches_.make();
    batches_.mark_assertion(b);
    for (auto& change : changes)
        if (lanes_.occupy(change.hash, change.change.id, b.id)) b.content.add(std::move(change.change), change.hash);
    if (!b.content.empty()) return &b;
    batches_.end(b);
    return nullptr;
}

void outgoing::end(batch& b) { batches_.end(b); }

batch* outgoing::lose(const lane_effects::in_batch& lost, lane_effects& effects,
                      std::optional<superseded_change>& superseded) {
    batch* const b = batches_.find(lost.batch);
    if (!b) return nullptr;
    const auto& changes = b->content.changes();
    const auto found =
        std::find_if(changes.begin(), changes.end(), [&lost](const auto& c) { return c.id == lost.older; });
    if (found == changes.end()) return nullptr;
    const auto index = static_cast<std::size_t>(found - changes.begin());
    const consent::key_hash hash = b->content.hash(index);
    if (!b->assertion) superseded = superseded_change{*found, hash, lost.by};
    b->content.remove(index);
    batch* empty = nullptr;
    if (!b->content.empty()) {
        choose_lane_again(*b);
    } else if (b->where == batch::place::aside) {
        empty = b;
    } else {
        for (queue& q : waiting_) std::erase_if(q, [b](const auto& entry) { return entry.second == b; });
        batches_.end(*b);
    }
    lanes_.release(hash, {}, effects);
    return empty;
}

// A waiting batch that lost its last opt-out must not go on among those that carry one.
void outgoing::choose_lane_again(batch& b) {
    if (b.has_opt_out() || b.where != batch::place::waiting) return;
    queue& opt_outs = waiting(lane::opt_out);
    const auto found =
        std::find_if(opt_outs.begin(), opt_outs.end(), [&b](const auto& entry) { return entry.second == &b; });
    if (found == opt_outs.end()) return;
    waiting(lane::bulk).insert(opt_outs.extract(found));
}

}  // namespace consent_sync::delivery
