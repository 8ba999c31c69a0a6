#include "delivery/engine.hpp"

#include <algorithm>

namespace consent_sync::delivery {
namespace {

constexpr std::size_t step_room = 128;           // changes that a step settles, mostly of one batch
constexpr base::milliseconds mark_every{1'000};  // how often the low-water mark is put on disk

}  // namespace

engine::engine(const config::settings& settings, budget::next_midnight midnight, base::random_engine& random,
               engine_bounds bounds)
    : settings_(&settings),
      random_(random),
      bounds_(bounds),
      outgoing_(bounds_, settings.batch.max_changes, random),
      pace_(settings, std::move(midnight)),
      late_(settings.retry.late_write_window) {}

void engine::start(const ledger::recovery& past, base::moment now) {
    next_attempt_ = past.next_attempt;
    recorded_mark_ = past.low_water;
    verdicts_.start(now);
    outgoing_.start(past);
    late_.restore(past.late_writes, now.wall);
    pace_.start(past, now, out_);
}

void engine::configure(const config::settings& settings, budget::next_midnight midnight) {
    settings_ = &settings;
    outgoing_.configure(settings.batch.max_changes);
    pace_.configure(settings, std::move(midnight));
    late_.configure(settings.retry.late_write_window);
}

void engine::on_rows(consent::place first, consent::place last, bool opt_outs) {
    rows_came_ = true;
    outgoing_.rows().on_rows(first, last, opt_outs);
}

void engine::on_committed(step_number step, base::moment now) {
    lane_effects effects;
    while (!open_steps_.empty() && open_steps_.front().number <= step) {
        const open_step done = std::move(open_steps_.front());
        open_steps_.pop_front();
        for (const ledger::attempt_id id : done.begins)
            if (const auto found = open_.find(id); found != open_.end())
                out_.sends.push_back({id, &found->second->content.changes(), found->second->last.on_new_connection});
        for (const consent::key_hash hash : done.free_keys) outgoing_.keys().release(hash, now.steady, effects);
    }
    apply(std::move(effects));
}

void engine::on_fetched(fetch_result&& result, base::moment now) {
    lane_effects effects;
    const base::wall_time even = verdicts_.even_wall(now);
    if (result.request.what == fetch_request::kind::older)
        assertions_.fetched_older(result.found.changes, even, out_);
    else if (result.request.what == fetch_request::kind::assertions)
        for (batch* b : assertions_.fetched(std::move(result.found.changes), outgoing_, even))
            follow_up_.wait(*b, now.steady);
    else
        opt_outs_came_ = outgoing_.fetched(std::move(result), now.steady, effects) || opt_outs_came_;
    apply(std::move(effects));
}

void engine::on_written(ledger::attempt_id attempt, base::moment now) {
    const auto found = open_.find(attempt);
    if (found == open_.end() || found->second->last.written) return;
    found->second->last.written = true;
    found->second->last.written_at = now.steady;
    pace_.written(now.steady);
}

void engine::on_answer(ledger::attempt_id attempt, const hubspot::answer& a, bool token_is_current, base::moment now) {
    const auto found = open_.find(attempt);
    if (found == open_.end()) return;
    batch& b = *found->second;
    open_.erase(found);
    // The second time in a row it is a failure.
    b.last.on_new_connection = a.idle_connection_died && !b.last.on_new_connection;
    const hubspot::judgement j = hubspot::judge(b.content.changes(), a, now.wall);
    pace_.learn(b, a, j, static_cast<std::uint64_t>(next_attempt_ - 1 - attempt), in_flight(), now, out_);

    const outcome o = decide(b, j,
                             {.now = now,
                              .settings = *settings_,
                              .held = pace_.held(),
                              .random = random_,
                              .accepted = accepted_,
                              .next_attempt = next_attempt_,
                              .failures = failures_in_a_row_,
                              .waiting = outgoing_.waiting(),
                              .nothing_else = nothing_else(now),
                              .token_is_current = token_is_current,
                              .last_look_alike = last_look_alike_});
    failures_in_a_row_ = o.failures;
    last_look_alike_ = o.last_look_alike;
    if (o.accepted) accepted_ = {accepted_.count + 1, std::max(accepted_.newest, attempt), now.steady};

    verdicts_.write(b, a, j, o, now);
    if (b.assertion)
        verdicts_.write_assertion(b, o, settings_->retry.late_write_window, settings_->retry.max, next_attempt_, now);
    verdicts_.learn_size(b, o);
    pace_.conclude(b, a, j, o, now, out_);
    follow_up_.go_on(b, j, o, accepted_, next_attempt_, now);
}

void engine::on_token_failed(const std::string& words, base::moment now) { pace_.on_token_failed(words, now, out_); }

void engine::pause(pause_reason reason, const std::string& words, base::moment now) {
    pace_.pause(reason, words, false, now, std::nullopt, out_);
}

void engine::look_again(base::moment now) { pace_.held().probe_all_now(now.steady); }

bool engine::idle() const { return open_.empty() && open_steps_.empty() && out_.step.empty(); }

// --- what leaves

std::vector<action> engine::take(base::moment now) {
    pace_.watch(accepted_, now, out_);
    if (std::exchange(opt_outs_came_, false)) pace_.probe_for_new(pause_reason::locked, now);
    follow_up_.watch(!stopping_ && nothing_else(now), std::exchange(rows_came_, false), settings_->retry.max, now);
    if (!stopping_) {
        prepare_assertions(now);
        choose(now);
        tell_of_duties();
        outgoing_.ask_for_rows(out_);
    }
    remember_mark(now);

    std::vector<action> actions;
    for (notice& n : out_.notices) actions.emplace_back(std::move(n));
    if (!out_.step.empty() || !out_.free_keys.empty()) {
        open_steps_.push_back({next_step_, std::exchange(out_.begins, {}), std::exchange(out_.free_keys, {})});
        actions.emplace_back(ledger_step{next_step_++, std::exchange(out_.step, {})});
        out_.free_keys.reserve(step_room);
        out_.step.settled.reserve(step_room);
    }
    // Steps go to the ledger before the fetches that were asked for with them.
    for (fetch_request& f : out_.fetches) actions.emplace_back(std::move(f));
    for (const send& s : out_.sends) actions.emplace_back(s);
    if (std::exchange(out_.token_refused, false)) actions.emplace_back(token_refused{});
    out_.notices.clear();
    out_.fetches.clear();
    out_.sends.clear();
    return actions;
}

void engine::choose(base::moment now) {
    while (pace_.may_begin(in_flight(), follow_up_.refused().doubtful(), now)) {
        batch* const b = outgoing_.pick(conditions_now(now));
        if (!b) return;
        begin(*b, now);
    }
}

void engine::begin(batch& b, base::moment now) {
    b.where = batch::place::open;
    if (++b.attempts == 1 && !b.past.cut) b.past.accepted_before = b.past.accepted_unresolved = accepted_.count;
    b.last = {.id = next_attempt_++,
              .begun = now,
              .probe = pace_.paused(),
              .on_new_connection = b.last.on_new_connection,
              .accepted_at_begin = accepted_.count,
              .accepted_newest = accepted_.newest,
              .in_flight = static_cast<std::uint32_t>(open_.size()) + 1};
    pace_.began(b, follow_up_.refused().doubtful(), now, out_);
    if (b.attempts == 1 && late_.open() >= bounds_.duties_max) trickle_at_ = now.steady + settings_->retry.max;

    ledger::attempt_begin& record = out_.step.begins.emplace_back();
    record.id = b.last.id;
    record.batch = b.id;
    record.number = b.attempts;
    record.assertion = b.assertion;
    record.begun_at = now.wall;
    record.changes.reserve(b.content.size());
    for (std::size_t i = 0; i < b.content.size(); ++i) {
        const consent::change& c = b.content[i];
        record.changes.push_back(c.id);
        if (!b.assertion && outgoing_.overtakes(c, b.content.hash(i)))
            record.overtakes.emplace_back(c.id, b.content.hash(i));
        if (late_.open() > 0) late_.began(c, b.content.hash(i), out_.step);
    }
    out_.begins.push_back(b.last.id);
    open_.emplace(b.last.id, &b);
}

// While sending is stopped only where a probe has nothing else to carry: assertions repeat what was sent already.
void engine::prepare_assertions(base::moment now) {
    const base::wall_time even = verdicts_.even_wall(now);
    const auto next = late_.next_due();
    if (!next || *next > even || !assertions_.has_room(outgoing_)) return;
    if (pace_.paused() &&
        (!pace_.held().probe_due(now.steady) || !open_.empty() || outgoing_.any_ready(conditions_now(now))))
        return;
    assertions_.prepare(outgoing_, even, out_);
}

void engine::remember_mark(base::moment now) {
    const auto mark = outgoing_.rows().mark();
    if (!mark || *mark <= recorded_mark_ || now.steady - recorded_mark_at_ < mark_every) return;
    out_.step.low_water = recorded_mark_ = *mark;
    recorded_mark_at_ = now.steady;
    pace_.remember_budget(now, out_);
}

// Once until there is room again: sending stops for minutes, and nothing else would say why.
void engine::tell_of_duties() {
    const bool full = late_.open() >= bounds_.duties_max;
    if (full == std::exchange(duties_told_, full) || !full) return;
    out_.tell(
        base::level::warn, "late_writes.full",
        {{"keys", late_.open()},
         {"words",
          "HubSpot left so many requests unanswered that no more opt-ins are sent until it can apply none of them late "
          "any more (retry.late_write_window); opt-outs go on"}});
}

std::optional<base::steady_time> engine::next_wake(base::moment now) {
    if (stopping_) return std::nullopt;
    auto wake = follow_up_.next_watch(nothing_else(now));
    const auto sooner = [&wake](std::optional<base::steady_time> t) {
        if (t) wake = wake ? std::min(*wake, *t) : *t;
    };
    sooner(pace_.next_watch(now));
    if (const auto mark = outgoing_.rows().mark(); mark && *mark > recorded_mark_) sooner(now.steady + mark_every);

    const conditions c = conditions_now(now);
    auto work = outgoing_.next_work(c);
    const auto also = [&work](base::steady_time t) { work = work ? std::min(*work, t) : t; };
    const std::size_t ready = outgoing_.keys().ready(lane::opt_out) + outgoing_.keys().ready(lane::bulk);
    if (ready > 0 && trickle_at_ > now.steady) also(trickle_at_);
    // While sending is stopped, assertions wait for what is on the wire: its end wakes.
    if (const auto due = late_.next_due(); due && (!c.probe || open_.empty()) && assertions_.has_room(outgoing_))
        also(now.steady + std::max(base::wall_time::duration(0), *due - verdicts_.even_wall(now)));
    if (work) sooner(pace_.next_begin(in_flight(), *work, follow_up_.refused().doubtful(), now));
    return wake;
}

// --- what is known

bool engine::nothing_else(base::moment now) const {
    return open_.empty() && outgoing_.nothing_left(!pace_.opt_ins_may_go(now));
}

conditions engine::conditions_now(base::moment now) const {
    const refusals& refused = follow_up_.refused();
    const pauses& held = pace_.held();
    const bool trickle = now.steady >= trickle_at_;
    conditions c;
    c.now = now.steady;
    c.max_wait = settings_->batch.max_wait;
    c.probe = pace_.paused();
    c.opt_ins_may_go = pace_.opt_ins_may_go(now);
    if (!c.opt_ins_may_go) c.opt_ins_from = held.find(pause_reason::daily_reserve)->next_probe;
    c.fresh_opt_ins_may_go = late_.open() < bounds_.duties_max || trickle;
    c.fresh_opt_outs_may_go = late_.open() < 2 * bounds_.duties_max || trickle;
    c.many_errors = pace_.many_errors();
    c.some_refused = refused.any_refused();
    c.may_refuse_everything = refused.doubtful() || (c.probe && follow_up_.refuses_everything());
    c.content_refused = held.find(pause_reason::configuration) || held.find(pause_reason::scope);
    c.locked = held.find(pause_reason::locked) != nullptr;
    return c;
}

pace::in_flight engine::in_flight() const {
    pace::in_flight f;
    f.count = open_.size();
    if (!pace_.paused() && pace_.day().remaining() != 0) return f;
    for (const auto& [id, b] : open_) {
        f.probe = f.probe || b->last.probe;
        f.newest = std::max(f.newest, b->last.begun.steady);
    }
    return f;
}

engine_status engine::status(base::moment now) {
    return {.in_flight = open_.size(),
            .window = static_cast<std::uint32_t>(pace_.window()),
            .ready_opt_outs = outgoing_.keys().ready(lane::opt_out),
            .ready_bulk = outgoing_.keys().ready(lane::bulk),
            .waiting = outgoing_.keys().waiting(),
            .retrying = outgoing_.waiting(),
            .limit = pace_.limit().limit(),
            .limit_used = pace_.limit().used(now.steady),
            .limit_others = pace_.limit().others(),
            .limit_interval = pace_.limit().interval(),
            .daily_limit = pace_.day().limit(),
            .daily_remaining = pace_.day().remaining(),
            .late_write_duties = late_.open(),
            .suspected = follow_up_.refused().suspected(),
            .oldest_opt_out = outgoing_.keys().oldest_ready(lane::opt_out),
            .bulk_at_reserve = pace_.held().find(pause_reason::daily_reserve) != nullptr};
}

}  // namespace consent_sync::delivery
