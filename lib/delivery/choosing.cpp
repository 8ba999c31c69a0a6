// Which batch leaves next. Late: a batch is put together only when the pace has a slot for it.
#include <algorithm>
#include <random>

#include "delivery/engine.hpp"

namespace consent_sync::delivery {
namespace {

constexpr std::size_t assertions_most = 2;  // batches at a time: they must not hold up what is new
constexpr double error_share_max = 0.05;    // of a day's requests; HubSpot's usage guidelines
constexpr base::milliseconds day_told_within = std::chrono::seconds(10);
constexpr std::uint64_t error_share_from = 200;  // requests: fewer say nothing

lane lane_of_batch(const batch& b) { return b.has_opt_out() ? lane::opt_out : lane::bulk; }

}  // namespace

bool engine::probing() const {
    return std::any_of(open_.begin(), open_.end(), [](const auto& entry) { return entry.second->probe; });
}

void engine::choose(base::moment now) {
    while (!stopping_ && !waiting_for_token_) {
        const bool probe = pauses_.any();
        // What is still on the wire from before the pause may take minutes: a probe does not wait for it.
        if (probe ? !pauses_.probe_due(now.steady) || probing() : open_.size() >= concurrency_.window()) return;
        if (const auto at = day_tells_at(); at && now.steady < *at) return;
        if (refusals_.doubtful() && now.steady < next_in_doubt_) return;
        auto free = limiter_.next_free(now.steady);
#ifdef CONSENT_SYNC_PLANTED_BUG
        if (planted_bug == planted::retry_outside_limiter && has_due(lane::bulk, now)) free = now.steady;
#endif
        if (!free || *free > now.steady) return;
        std::unique_ptr<batch> b = pick(now, probe);
        if (!b) return;
        begin(std::move(b), now, probe);
    }
}

std::unique_ptr<batch> engine::pick(base::moment now, bool probe) {
    bulk_held_ = !pauses_.opt_ins_may_go(now.steady);
    const bool bulk_allowed = !bulk_held_;
    const bool many_errors = answers_today_ >= error_share_from &&
                             static_cast<double>(errors_today_) > error_share_max * static_cast<double>(answers_today_);
    if (refusals_.doubtful() || (probe && refuses_everything_)) return pick_in_doubt(now, bulk_allowed, probe);
    // A probe prefers changes that nobody has refused yet: they prove more, and must not wait for a bad batch. But
    // where the content is not what is refused, opt-outs that wait go before fresh opt-ins, each batch once.
    if (probe && lanes_.ready(lane::opt_out) == 0 && has_due(lane::opt_out, now) &&
        !waiting_[static_cast<std::size_t>(lane::opt_out)].begin()->second->probe &&
        !pauses_.find(pause_reason::configuration) && !pauses_.find(pause_reason::scope))
        return pick_waiting(lane::opt_out, now);
    if (probe && (lanes_.ready(lane::opt_out) > 0 || (bulk_allowed && lanes_.ready(lane::bulk) > 0)))
        if (auto b = fill(true, lanes_.ready(lane::opt_out) > 0 && pauses_.find(pause_reason::locked)
                                    ? std::optional(lane::opt_out)
                                    : std::nullopt))
            return b;
    // Where HubSpot refuses rows, opt-outs must not be refused for the opt-ins beside them.
    const auto beside = many_errors || refusals_.any_refused() ? std::optional(lane::opt_out) : std::nullopt;
    // Fresh opt-outs and those that were sent before take turns: neither waits for many of the other.
    const bool fresh_opt_outs = fresh_due(lane::opt_out, now);
    if (has_due(lane::opt_out, now) && (!fresh_opt_outs || (fresh_opt_outs_next_ = !fresh_opt_outs_next_)))
        return pick_waiting(lane::opt_out, now);
    if (fresh_opt_outs) return fill(false, beside);
    if (!bulk_allowed || opt_outs_held()) return nullptr;
    const bool retry_due = has_due(lane::bulk, now);
    const bool fresh = fresh_due(lane::bulk, now);
    if (retry_due && (!many_errors || !fresh)) {
        if (lanes_.ready(lane::opt_out) > 0) return fill(false, beside);  // no opt-out waits for a retry of opt-ins
        return pick_waiting(lane::bulk, now);
    }
    return fresh ? fill() : nullptr;
}

// HubSpot refused so much in a row that it may refuse everything: see refusals.hpp. What it has not refused yet says
// most. A change alone is accepted where some rows are bad, and the newest may be of another file than the bad ones; a
// whole batch gets past a file of which all are bad.
std::unique_ptr<batch> engine::pick_in_doubt(base::moment now, bool bulk_allowed, bool probe) {
    const bool whole = asked_in_doubt_++ % 2 == 1;
    // Opt-outs that were refused, maybe for the opt-ins beside them, do not wait for any number of fresh opt-ins.
    if (!probe && !whole && lanes_.ready(lane::opt_out) == 0)
        if (auto b = pick_one_refused(lane::opt_out, now)) return b;
    for (const lane of : {lane::opt_out, lane::bulk}) {
        if (lanes_.ready(of) == 0 || (of == lane::bulk && !bulk_allowed)) continue;
        return whole && room_for(of) ? fill(true, of) : fill_newest(of);
    }
    for (const lane of : {lane::opt_out, lane::bulk})
        if (of == lane::opt_out || bulk_allowed)
            if (auto b = pick_one_refused(of, now)) return b;
    return nullptr;
}

std::unique_ptr<batch> engine::fill_newest(lane of) {
    auto b = std::make_unique<batch>();
    b->id = next_batch_++;
    lanes_.take_newest(of, b->id, [&b](consent::change&& c, consent::key_hash hash) { b->add(std::move(c), hash); });
    batches_.add(*b);
    return b;
}

// A change that was refused together with others alone, any of them; where all have been alone, the next one.
std::unique_ptr<batch> engine::pick_one_refused(lane of, base::moment now) {
    std::vector<batch*> refused;
    for (const auto& [at, b] : waiting_[static_cast<std::size_t>(of)]) {
        if (at > now.steady) break;
        if (b->changes.size() > 1 && !b->assertion) refused.push_back(b.get());
    }
    if (refused.empty()) return pick_waiting(of, now);
    batch& from = *refused[any_of(refused.size())];
    std::vector<bool> one(from.changes.size(), false);
    one[any_of(one.size())] = true;
    owned alone = split_off(from, one);
    alone->bisected = from.bisected = true;
    choose_lane_again(from);
    return alone;
}

std::size_t engine::any_of(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
}

bool engine::has_due(lane of, base::moment now) const {
    const waiting_batches& waiting = waiting_[static_cast<std::size_t>(of)];
    return !waiting.empty() && waiting.begin()->first <= now.steady;
}

std::unique_ptr<batch> engine::pick_waiting(lane of, base::moment now) {
    if (!has_due(of, now)) return nullptr;
    waiting_batches& waiting = waiting_[static_cast<std::size_t>(of)];
    std::unique_ptr<batch> b = std::move(waiting.begin()->second);
    waiting.erase(waiting.begin());
    for (const consent::key_hash hash : b->hashes) lanes_.move(hash, b->id, false);
    return b;
}

// Whether a fresh batch of this lane may leave: it is full, or its oldest change has waited long enough.
bool engine::fresh_due(lane of, base::moment now) {
    if (!room_for(of)) return false;
    const auto oldest = lanes_.oldest_ready(of);
    if (!oldest) return false;
    if (*oldest + settings_->batch.max_wait <= now.steady) return true;
    std::size_t ready = lanes_.ready(of);
    if (of == lane::opt_out && !bulk_held_ && room_for(lane::bulk)) ready += lanes_.ready(lane::bulk);
    return ready >= batch_limit_.changes();
}

// Once until there is room again: sending stops for minutes, and nothing else would say why.
void engine::tell_of_duties() {
    const bool full = late_.open() >= bounds_.duties_max;
    if (full == told_duties_full_) return;
    told_duties_full_ = full;
    if (full)
        tell(
            base::level::warn, "late_writes.full",
            {{"keys", late_.open()},
             {"words",
              "HubSpot left so many requests unanswered that no more opt-ins are sent until it can apply none of them late "
              "any more (retry.late_write_window); opt-outs go on"}});
}

// A backlog that meets trouble stays in the ledger, and does not move batch by batch into memory.
bool engine::room_for(lane of) const {
    const bool bulk = of == lane::bulk;
    const bool full = late_.open() >= bounds_.duties_max * (bulk ? 1 : 2);
    return (!full || trickle_) && waiting_[static_cast<std::size_t>(of)].size() <
                                      (bulk ? bounds_.retrying_max : bounds_.retrying_opt_outs_max);
}

std::unique_ptr<batch> engine::fill(bool probe, std::optional<lane> only) {
    auto b = std::make_unique<batch>();
    b->id = next_batch_++;
    const std::size_t most = probe ? batch_limit_.changes() : batch_limit_.next_batch();
    b->changes.reserve(most);
    b->hashes.reserve(most);
    const auto add = [&b](consent::change&& next, consent::key_hash hash) { b->add(std::move(next), hash); };
    for (const lane of : {lane::opt_out, lane::bulk}) {
        if (only && of != *only) continue;
        if (of == lane::bulk && (bulk_held_ || (!probe && !room_for(of)))) break;
        while (b->changes.size() < most && lanes_.take(of, b->id, add)) {
        }
    }
    if (b->changes.empty()) return nullptr;
    if (!probe) batch_limit_.filled(b->changes.size());
    batches_.add(*b);
    return b;
}

void engine::begin(std::unique_ptr<batch> b, base::moment now, bool probe) {
    ++b->attempts;
    b->attempt = next_attempt_++;
    b->stage = batch_stage::recording;
    b->begun = now;
    b->written = false;
    b->probe = probe;
    b->accepted_at_begin = accepted_;
    b->accepted_newest = accepted_newest_;
    if (b->attempts == 1 && !b->bisected) b->accepted_before = b->accepted_unresolved = accepted_;
    b->in_flight_at_begin = static_cast<std::uint32_t>(open_.size()) + 1;
    if (probe) {
        pauses_.probing(now.steady);
        last_probe_at_ = now.steady;
        tell(base::level::info, "pause.probe", {{"batch", b->id}, {"changes", b->changes.size()}});
    }
    if (refusals_.doubtful()) next_in_doubt_ = now.steady + gap_in_doubt;
    limiter_.take(now.steady);
    budget_.spent(now.wall);
    if (std::any_of(b->changes.begin(), b->changes.end(), [](const consent::change& c) { return !c.is_opt_out(); }))
        ask_at_reserve(now);
    watch_clock(now);
    if (b->attempts == 1 && late_.open() >= bounds_.duties_max) {
        trickle_at_ = now.steady + settings_->retry.max;
        trickle_ = false;
    }

    ledger::attempt_begin record;
    record.id = b->attempt;
    record.batch = b->id;
    record.number = b->attempts;
    record.assertion = b->assertion;
    record.begun_at = now.wall;
    record.changes.reserve(b->changes.size());
    for (std::size_t i = 0; i < b->changes.size(); ++i) {
        const consent::change& c = b->changes[i];
        record.changes.push_back(c.id);
        // Older changes of its key may still lie ahead of the bulk cursor, or in the deferred table.
        if (c.is_opt_out() && !b->assertion && (c.id > low_water_.fetched_to() || lanes_.has_deferred(b->hashes[i])))
            record.overtakes.emplace_back(c.id, b->hashes[i]);
        if (late_.open() > 0) late_.began(c, b->hashes[i], pending_);
    }
    pending_begins_.push_back(b->attempt);
    pending_.begins.push_back(std::move(record));
    open_.emplace(b->attempt, std::move(b));
}

bool engine::any_ready(base::moment now) {
    if (has_due(lane::opt_out, now) || lanes_.ready(lane::opt_out) > 0) return true;
    return pauses_.opt_ins_may_go(now.steady) && (has_due(lane::bulk, now) || lanes_.ready(lane::bulk) > 0);
}

bool engine::room_for_assertions() const {
    if (fetching_assertions_ > 0 || late_.open() == 0) return false;
    return batches_.assertions() < assertions_most;
}

// Duties whose window has passed: their newest changes are fetched, and wait as a batch of assertions. Few at a time,
// and while sending is stopped only where a probe has nothing else to carry: they repeat what was sent already.
void engine::prepare_assertions(base::moment now) {
    const auto next = late_.next_due();
    if (stopping_ || !next || *next > even_wall(now) || !room_for_assertions()) return;
    if (pauses_.any() && (!pauses_.probe_due(now.steady) || !open_.empty() || any_ready(now))) return;
    const auto due = late_.take_due(even_wall(now), batch_limit_.changes(), pending_);
    fetch_request assert, older;
    assert.what = fetch_request::kind::assertions;
    older.what = fetch_request::kind::older;
    for (const late_writes::due_assertion& duty : due) {
        if (lanes_.watch(duty.hash)) continue;  // changes of the key are on their way; looked at when they are through
        if (duty.look_up) {
            older.places.push_back(duty.change);
            looking_up_.push_back(duty.hash);
        } else {
            assert.places.push_back(duty.change);
        }
    }
    if (!assert.places.empty()) tell(base::level::info, "late_writes.assert", {{"changes", assert.places.size()}});
    for (fetch_request* request : {&assert, &older}) {
        if (request->places.empty()) continue;
        ++fetching_assertions_;
        out_.fetches.push_back(std::move(*request));
    }
}

void engine::park(std::unique_ptr<batch> b, base::steady_time not_before) {
    if (!come_to_rest(*b)) return;
    waiting_batches& waiting = waiting_[static_cast<std::size_t>(lane_of_batch(*b))];
    waiting.emplace(not_before, std::move(b));
}

// With nothing left of the day HubSpot will say 429, and once is enough: the others wait for the answer of the newest
// request, as long as answers usually take.
std::optional<base::steady_time> engine::day_tells_at() const {
    if (budget_.remaining() != 0 || open_.empty()) return std::nullopt;
    base::steady_time newest{};
    for (const auto& entry : open_) newest = std::max(newest, entry.second->begun.steady);
    return newest + day_told_within;
}

// The earliest moment at which there is something to send, whatever the limits say.
std::optional<base::steady_time> engine::next_work(base::moment now) {
    std::optional<base::steady_time> work;
    const auto consider = [&work](base::steady_time t) { work = work ? std::min(*work, t) : t; };
    const bool probe = pauses_.any();
    for (const lane of : {lane::opt_out, lane::bulk}) {
        if (of == lane::bulk && !probe && opt_outs_held()) continue;
        if (of == lane::bulk && !pauses_.opt_ins_may_go(now.steady)) {
            if (!waiting_[static_cast<std::size_t>(of)].empty() || lanes_.ready(of) > 0)
                consider(pauses_.find(pause_reason::daily_reserve)->next_probe);
            continue;
        }
        const waiting_batches& waiting = waiting_[static_cast<std::size_t>(of)];
        if (!waiting.empty()) consider(waiting.begin()->first);
        if (refusals_.doubtful() && lanes_.ready(of) > 0) consider(now.steady);
        if (!trickle_ && lanes_.ready(of) > 0) consider(trickle_at_);
        const bool room = room_for(of);
        if (fresh_due(of, now) || (probe && lanes_.ready(of) > 0))
            consider(now.steady);
        else if (const auto oldest = lanes_.oldest_ready(of); oldest && room)
            consider(*oldest + settings_->batch.max_wait);
    }
    // While sending is stopped, assertions wait for what is on the wire: its end wakes.
    const bool not_yet = probe && !open_.empty();
    if (const auto due = late_.next_due(); due && !not_yet && room_for_assertions())
        consider(now.steady + std::max(base::wall_time::duration(0), *due - even_wall(now)));
    return work;
}

std::optional<base::steady_time> engine::next_wake(base::moment now) {
    if (stopping_) return std::nullopt;
    std::optional<base::steady_time> wake;
    if (released_.empty() && low_water_.mark() > recorded_mark_) wake = now.steady + std::chrono::seconds(1);
    for (const auto& due : {suspects_due_, next_of_reserve(), next_half()})
        if (due) wake = wake ? std::min(*wake, *due) : due;
    if (pauses_.find(pause_reason::daily_reserve)) {  // it ends with the day, whether or not anything waits for that
        const auto end = now.steady + std::max(base::wall_time::duration(0), budget_.day_end(now.wall) - now.wall);
        wake = wake ? std::min(*wake, end) : end;
    }
    if (waiting_for_token_ && token_waited_since_ && !pauses_.find(pause_reason::auth)) {
        const auto named = *token_waited_since_ + silent_wait_max;
        wake = wake ? std::min(*wake, named) : named;
    }
    const bool probe = pauses_.any();
    if (waiting_for_token_ || (probe ? probing() : open_.size() >= concurrency_.window())) return wake;
    auto work = next_work(now);
    if (!work) return wake;
    if (probe) {
        const auto next = pauses_.next_probe();
        if (!next) return wake;
        work = std::max(*work, *next);
    }
    const auto free = limiter_.next_free(now.steady);
    if (!free) return wake;
    work = std::max(*work, *free);
    if (const auto at = day_tells_at()) work = std::max(*work, *at);
    if (refusals_.doubtful()) work = std::max(*work, next_in_doubt_);
    return wake ? std::min(*wake, *work) : *work;
}

}  // namespace consent_sync::delivery
