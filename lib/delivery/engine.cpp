#include "delivery/engine.hpp"

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace consent_sync::delivery {
namespace {

constexpr std::size_t step_room = 128;                     // changes that a step settles, mostly of one batch
constexpr const char* clock_ahead_name = "clock_ahead";    // milliseconds, of the wall clock before the steady one
constexpr const char* clock_jumped_name = "clock_jumped";  // when it last did
constexpr base::milliseconds clock_jump_least{50};
constexpr base::milliseconds mark_every{1'000};  // how often the low-water mark is put on disk

std::int64_t clock_ahead(base::moment now) {
    return base::to_unix_ms(now.wall) - std::chrono::floor<base::milliseconds>(now.steady.time_since_epoch()).count();
}

}  // namespace

engine::engine(const config::settings& settings, budget::next_midnight midnight, base::random_engine& random,
               engine_bounds bounds)
    : settings_(&settings),
      random_(random),
      bounds_(bounds),
      batch_limit_(settings.batch.max_changes),
      lanes_(bounds.waiting_max,
             [this](ledger::batch_id id, consent::place place) { return find_in_batch(id, place); }),
      limiter_(settings.limits.requests, settings.limits.interval),
      budget_(settings.limits.daily, settings.limits.daily_reserve, std::move(midnight)),
      concurrency_(settings.limits.max_connections),
      pauses_(settings.retry.max),
      late_(settings.retry.late_write_window),
      low_water_(consent::place()) {}

engine::~engine() = default;

void engine::start(const ledger::recovery& past, base::moment now) {
    started_ = now;
    next_attempt_ = past.next_attempt;
    next_batch_ = past.next_batch;
    low_water_ = low_water(past.low_water);
    recorded_mark_ = past.low_water;
    for (const auto& [first, last] : past.stored) opt_out_ranges_.emplace(first, last);
    for (const auto& [first, last] : past.released) released_.add(first, last);
    late_.restore(past.late_writes, now.wall);
    restore_sends(past, now);
    std::int64_t daily_remaining = -1, daily_limit = -1, day_end = 0;
    for (const auto& [name, value] : past.meta) {
        if (name == "daily_remaining") daily_remaining = value;
        if (name == "daily_limit") daily_limit = value;
        if (name == "day_end") day_end = value;
    }
    if (daily_remaining >= 0 && daily_limit > 0)
        budget_.restore(daily_remaining, daily_limit, base::from_unix_ms(day_end));
    for (const ledger::stored_pause& stored : past.pauses) {
        const auto reason = parse_pause_reason(stored.reason);
        if (!reason) continue;
        const auto left = std::chrono::ceil<base::milliseconds>(stored.until - now.wall);
        if (*reason != pause_reason::operator_ && left <= base::milliseconds(0)) {
            pending_.ended_pauses.push_back(stored.reason);
            continue;
        }
        pauses_.begin(*reason, stored.words, now, std::min<base::milliseconds>(left, std::chrono::hours(26)));
        pauses_.remember(*reason, stored.since);
        tell(base::level::warn, "pause.goes_on", {{"reason", name(*reason)}, {"words", stored.words}});
    }
}

// Send times come back as wall time, and the wall clock may have jumped meanwhile. What it was ahead of the steady
// clock when they were written tells the truth as long as the machine was not booted since; the shorter of both ages
// counts, so that neither a jump nor a boot makes a request seem older than it is. Where the clock had jumped just
// before, and nobody knows which requests that was after, the first window counts as used.
void engine::restore_sends(const ledger::recovery& past, base::moment now) {
    std::optional<std::int64_t> ahead, jumped;
    for (const auto& [name, value] : past.meta) {
        if (name == clock_ahead_name) ahead = value;
        if (name == clock_jumped_name) jumped = value;
    }
    const auto age = [&](base::wall_time then) {
        const auto by_wall = std::max(base::milliseconds(0), std::chrono::floor<base::milliseconds>(now.wall - then));
        if (!ahead) return by_wall;
        const auto steady_ms = std::chrono::floor<base::milliseconds>(now.steady.time_since_epoch());
        const auto by_steady = steady_ms - base::milliseconds(base::to_unix_ms(then) - *ahead);
        return by_steady < base::milliseconds(0) ? by_wall : std::min(by_wall, by_steady);
    };
    std::vector<base::steady_time> sends;
    for (const base::wall_time begun : past.recent_begins)
        if (const auto old = age(begun); old <= 2 * limiter_.interval()) sends.push_back(now.steady - old);
    limiter_.restore(sends);
    if (jumped && age(base::from_unix_ms(*jumped)) <= 2 * limiter_.interval()) limiter_.assume_used(now.steady);
    clock_ahead_ms_ = clock_ahead(now);
    pending_.meta.emplace_back(clock_ahead_name, clock_ahead_ms_);
}

void engine::watch_clock(base::moment now) {
    const std::int64_t ahead = clock_ahead(now);
    if (std::abs(ahead - clock_ahead_ms_) < clock_jump_least.count()) return;
    clock_ahead_ms_ = ahead;
    pending_.meta.emplace_back(clock_ahead_name, ahead);
    pending_.meta.emplace_back(clock_jumped_name, base::to_unix_ms(now.wall));
}

void engine::configure(const config::settings& settings, budget::next_midnight midnight) {
    settings_ = &settings;
    batch_limit_.configure(settings.batch.max_changes);
    limiter_.configure(settings.limits.requests, settings.limits.interval);
    budget_.configure(settings.limits.daily, settings.limits.daily_reserve, std::move(midnight));
    concurrency_.configure(settings.limits.max_connections);
    pauses_.configure(settings.retry.max);
    late_.configure(settings.retry.late_write_window);
}

void engine::on_committed(step_number step, base::moment now) {
    lane_effects effects;
    while (!open_steps_.empty() && open_steps_.front().number <= step) {
        open_step done = std::move(open_steps_.front());
        open_steps_.pop_front();
        for (const ledger::attempt_id attempt : done.begins) {
            const auto found = open_.find(attempt);
            if (found == open_.end()) continue;
            found->second->stage = batch_stage::on_wire;
            out_.sends.push_back({attempt, &found->second->changes, found->second->on_new_connection});
        }
        for (const consent::key_hash hash : done.released) lanes_.release(hash, now.steady, effects);
    }
    apply(std::move(effects));
}

void engine::on_written(ledger::attempt_id attempt, base::moment now) {
    const auto found = open_.find(attempt);
    if (found == open_.end() || found->second->written) return;
    found->second->written = true;
    found->second->written_at = now.steady;
    limiter_.written(now.steady);
#ifdef CONSENT_SYNC_PLANTED_BUG
    if (planted_bug == planted::key_released_too_early)
        for (const auto hash : found->second->hashes) free_key(hash);
#endif
}

// Effects may cause more effects (a freed key lets an opt-out in that supersedes others), so this runs until none is
// left.
void engine::apply(lane_effects&& effects) {
    while (true) {
        lane_effects more;
        for (const superseded_change& lost : effects.superseded) supersede(lost.change, lost.by);
        for (const auto& lost : effects.superseded_in_batch) supersede_in_batch(lost, more);
        for (const auto& [hash, place] : effects.deferred) pending_.deferred.emplace_back(hash, place);
        for (const consent::key_hash hash : effects.through) late_.look_again(hash);
        for (const consent::key_hash hash : effects.wanted) {
            fetch_request request;
            request.what = fetch_request::kind::deferred;
            request.hash = hash;
            request.most = bounds_.deferred_fetch_most;
            out_.fetches.push_back(std::move(request));
        }
        const bool again = !more.superseded.empty() || !more.superseded_in_batch.empty() || !more.deferred.empty() ||
                           !more.wanted.empty() || !more.through.empty();
        if (!again) return;
        effects = std::move(more);
    }
}

void engine::supersede(const consent::change& c, consent::place by) {
    ledger::settled_change end;
    end.id = c.id;
    end.verdict = consent::verdict::superseded;
    end.reason = std::make_shared<const ledger::reason>(
        ledger::reason{"superseded", "a newer change of the same key went first", "", by});
    note_settled(std::move(end), !c.is_opt_out());
}

void engine::supersede_in_batch(const lane_effects::in_batch& lost, lane_effects& more) {
    batch* const found = batches_.find(lost.batch);
    if (!found) return;
    batch& b = *found;
    for (std::size_t i = 0; i < b.changes.size(); ++i) {
        if (b.changes[i].id != lost.older) continue;
        const consent::key_hash hash = b.hashes[i];
        if (!b.assertion) supersede(b.changes[i], lost.by);
        b.remove(i);
        if (b.changes.empty())
            discard(b);
        else
            choose_lane_again(b);
        lanes_.release(hash, {}, more);
        return;
    }
}

// A waiting batch that lost its last opt-out must not go on among those that carry one.
void engine::choose_lane_again(const batch& b) {
    waiting_batches& opt_outs = waiting_[static_cast<std::size_t>(lane::opt_out)];
    if (b.has_opt_out() || b.aside) return;
    const auto found =
        std::find_if(opt_outs.begin(), opt_outs.end(), [&b](const auto& entry) { return entry.second.get() == &b; });
    if (found == opt_outs.end()) return;
    auto entry = opt_outs.extract(found);
    waiting_[static_cast<std::size_t>(lane::bulk)].insert(std::move(entry));
}

// A waiting batch that lost its last change.
void engine::discard(const batch& b) {
    const ledger::batch_id id = b.id;
    batches_.remove(b);
    if (refusals_.take(id)) return;
    for (waiting_batches& waiting : waiting_)
        std::erase_if(waiting, [id](const auto& entry) { return entry.second->id == id; });
    left_alone_.push_back(id);  // who waits for its answer waits for none any more
}

void engine::note_settled(ledger::settled_change&& change, bool bulk) {
    if (bulk && !released_.settled(change.id)) low_water_.settled(change.id);
    const bool confirmed = change.verdict == consent::verdict::confirmed;
    if (confirmed || change.verdict == consent::verdict::rejected) settled_by(change.attempt, change.id, confirmed);
    pending_.settled.push_back(std::move(change));
}

void engine::tell(base::level at, std::string_view event, std::vector<base::log_field> fields) {
    out_.notices.push_back({at, event, std::move(fields)});
}

bool engine::take_slot(base::moment now) {
    const auto free = limiter_.next_free(now.steady);
    if (!free || *free > now.steady || pauses_.any() || waiting_for_token_) return false;
    limiter_.take(now.steady);
    budget_.spent(now.wall);
    return true;
}

void engine::stop() { stopping_ = true; }

bool engine::idle() const { return open_.empty() && open_steps_.empty() && pending_.empty() && pending_ends_.empty(); }

actions engine::take(base::moment now) {
    answering_probe_ = false;
    for (const ledger::batch_id id : std::exchange(left_alone_, {}))
        for (auto& f : refusals_.take_followers(id)) bring_back(std::move(f.of), now);
    if (std::exchange(rows_arrived_, false) && refuses_everything_) probe_for_new(pause_reason::configuration, now);
    if (std::exchange(opt_outs_came_, false)) probe_for_new(pause_reason::locked, now);
    watch_token(now);
    watch_reserve(now);
    end_limit_that_passed(now);
    settle_suspects(now);
    prepare_assertions(now);
    trickle_ = now.steady >= trickle_at_;
    choose(now);
    tell_of_duties();
    want_fetches();
    const bool mark_due =
        released_.empty() && low_water_.mark() > recorded_mark_ && now.steady - recorded_mark_at_ >= mark_every;
    if (mark_due) {
        pending_.low_water = recorded_mark_ = low_water_.mark();
        recorded_mark_at_ = now.steady;
        remember_budget(now);
    }
    record_ends();
    if (!pending_.empty() || !pending_released_.empty()) {
        open_steps_.push_back({next_step_, std::move(pending_begins_), std::move(pending_released_)});
        out_.steps.push_back({next_step_++, std::move(pending_)});
        pending_ = {};
        pending_begins_.clear();
        pending_released_.clear();
        pending_released_.reserve(step_room);
        pending_.settled.reserve(step_room);
    }
    // Steps go to the ledger before the fetches that were asked for with them.
    return std::exchange(out_, {});
}

// The wall clock as it was at the start and has gone on evenly since: a jump of it must not end a late-write window.
base::wall_time engine::even_wall(base::moment now) const {
    return started_.wall + std::chrono::duration_cast<base::wall_time::duration>(now.steady - started_.steady);
}

void engine::remember_budget(base::moment now) {
    if (!budget_.limit() || !budget_.remaining()) return;
    pending_.meta.emplace_back("daily_limit", *budget_.limit());
    pending_.meta.emplace_back("daily_remaining", *budget_.remaining());
    pending_.meta.emplace_back("day_end", base::to_unix_ms(budget_.day_end(now.wall)));
}

engine_status engine::status(base::moment now) {
    engine_status s;
    s.in_flight = open_.size();
    s.window = concurrency_.window();
    s.ready_opt_outs = lanes_.ready(lane::opt_out);
    s.ready_bulk = lanes_.ready(lane::bulk);
    s.waiting = lanes_.waiting();
    s.retrying = waiting_[0].size() + waiting_[1].size();
    s.limit = limiter_.limit();
    s.limit_used = limiter_.used(now.steady);
    s.limit_others = limiter_.others();
    s.limit_interval = limiter_.interval();
    s.daily_limit = budget_.limit();
    s.daily_remaining = budget_.remaining();
    s.late_write_duties = late_.open();
    s.suspected = refusals_.suspected();
    s.oldest_opt_out = lanes_.oldest_ready(lane::opt_out);
    s.bulk_at_reserve = pauses_.find(pause_reason::daily_reserve) != nullptr;
    return s;
}

}  // namespace consent_sync::delivery
