#include "delivery/pace.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/time_text.hpp"
#include "hubspot/explain.hpp"

namespace consent_sync::delivery {
namespace {

using hubspot::answer_kind;

constexpr const char* clock_ahead_name = "clock_ahead";    // milliseconds, of the wall clock before the steady one
constexpr const char* clock_jumped_name = "clock_jumped";  // when it last did
constexpr base::milliseconds clock_jump_least{50};
constexpr base::milliseconds told_least{1'000};
constexpr base::milliseconds limit_wait_least{100}, limit_wait_usual{10'000};
constexpr std::uint32_t limit_growth_max = 16;          // doublings
constexpr base::milliseconds limit_told_every{60'000};  // how often a line tells of 429s
constexpr base::milliseconds gap_in_doubt{100};         // between requests while HubSpot may refuse everything
constexpr base::milliseconds probe_gap_least{10'000};   // between probes for the sake of new rows
constexpr base::milliseconds day_told_within{10'000};

std::int64_t clock_ahead(base::moment now) {
    return base::to_unix_ms(now.wall) - std::chrono::floor<base::milliseconds>(now.steady.time_since_epoch()).count();
}

bool is_failure(answer_kind kind) { return kind == answer_kind::unavailable || kind == answer_kind::unclear; }

// HubSpot did not look at the request: how fast it said so tells nothing of what it can bear.
bool is_turned_away(answer_kind kind) {
    return kind == answer_kind::rate_limited || kind == answer_kind::daily_limited || kind == answer_kind::moving ||
           kind == answer_kind::locked;
}

void sooner(std::optional<base::steady_time>& first, base::steady_time t) { first = first ? std::min(*first, t) : t; }

}  // namespace

pace::pace(const config::settings& settings, budget::next_midnight midnight)
    : settings_(&settings),
      limiter_(settings.limits.requests, settings.limits.interval),
      budget_(settings.limits.daily, settings.limits.daily_reserve, std::move(midnight)),
      concurrency_(settings.limits.max_connections),
      pauses_(settings.retry.max) {}

void pace::configure(const config::settings& settings, budget::next_midnight midnight) {
    settings_ = &settings;
    limiter_.configure(settings.limits.requests, settings.limits.interval);
    budget_.configure(settings.limits.daily, settings.limits.daily_reserve, std::move(midnight));
    concurrency_.configure(settings.limits.max_connections);
    pauses_.configure(settings.retry.max);
}

void pace::start(const ledger::recovery& past, base::moment now, output& out) {
    clock_.restore(past, limiter_, now, out);
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
            out.step.ended_pauses.push_back(stored.reason);
            continue;
        }
        pauses_.begin(*reason, stored.words, now, std::min<base::milliseconds>(left, std::chrono::hours(26)));
        pauses_.remember(*reason, stored.since);
        out.tell(base::level::warn, "pause.goes_on", {{"reason", name(*reason)}, {"words", stored.words}});
    }
}

// Send times come back as wall time, and the wall clock may have jumped meanwhile. What it was ahead of the steady
// clock when they were written tells the truth as long as the machine was not booted since; the shorter of both ages
// counts, so that neither a jump nor a boot makes a request seem older than it is. Where the clock had jumped just
// before, and nobody knows which requests that was after, the first window counts as used.
void clock_watch::restore(const ledger::recovery& past, limiter& limit, base::moment now, output& out) {
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
        if (const auto old = age(begun); old <= 2 * limit.interval()) sends.push_back(now.steady - old);
    limit.restore(sends);
    if (jumped && age(base::from_unix_ms(*jumped)) <= 2 * limit.interval()) limit.assume_used(now.steady);
    ahead_ms_ = clock_ahead(now);
    out.step.meta.emplace_back(clock_ahead_name, ahead_ms_);
}

void clock_watch::look(base::moment now, output& out) {
    const std::int64_t ahead = clock_ahead(now);
    if (std::abs(ahead - ahead_ms_) < clock_jump_least.count()) return;
    ahead_ms_ = ahead;
    out.step.meta.emplace_back(clock_ahead_name, ahead);
    out.step.meta.emplace_back(clock_jumped_name, base::to_unix_ms(now.wall));
}

void pace::remember_budget(base::moment now, output& out) {
    if (!budget_.limit() || !budget_.remaining()) return;
    out.step.meta.emplace_back("daily_limit", *budget_.limit());
    out.step.meta.emplace_back("daily_remaining", *budget_.remaining());
    out.step.meta.emplace_back("day_end", base::to_unix_ms(budget_.day_end(now.wall)));
}

// --- when

bool pace::may_begin(const in_flight& f, bool in_doubt, base::moment now) {
    if (waiting_for_token_) return false;
    // What is still on the wire from before the pause may take minutes: a probe does not wait for it.
    if (paused() ? !pauses_.probe_due(now.steady) || f.probe : f.count >= concurrency_.window()) return false;
    if (const auto at = day_tells_at(f); at && now.steady < *at) return false;
    if (in_doubt && now.steady < next_in_doubt_) return false;
    const auto free = limiter_.next_free(now.steady);
    return free && *free <= now.steady;
}

std::optional<base::steady_time> pace::next_begin(const in_flight& f, base::steady_time work, bool in_doubt,
                                                  base::moment now) {
    if (waiting_for_token_ || (paused() ? f.probe : f.count >= concurrency_.window())) return std::nullopt;
    if (paused()) {
        const auto next = pauses_.next_probe();
        if (!next) return std::nullopt;
        work = std::max(work, *next);
    }
    const auto free = limiter_.next_free(now.steady);
    if (!free) return std::nullopt;
    work = std::max(work, *free);
    if (const auto at = day_tells_at(f)) work = std::max(work, *at);
    return in_doubt ? std::max(work, next_in_doubt_) : work;
}

// With nothing left of the day HubSpot will say 429, and once is enough: the others wait for the answer of the newest
// request, as long as answers usually take.
std::optional<base::steady_time> pace::day_tells_at(const in_flight& f) const {
    if (budget_.remaining() != 0 || f.count == 0) return std::nullopt;
    return f.newest + day_told_within;
}

void pace::began(const batch& b, bool in_doubt, base::moment now, output& out) {
    if (b.last.probe) {
        pauses_.probing(now.steady);
        last_probe_at_ = now.steady;
        out.tell(base::level::info, "pause.probe", {{"batch", b.id}, {"changes", b.content.size()}});
    }
    if (in_doubt) next_in_doubt_ = now.steady + gap_in_doubt;
    limiter_.take(now.steady);
    budget_.spent(now.wall);
    const pauses::pause* reserve = pauses_.find(pause_reason::daily_reserve);
    if (reserve && b.content.opt_outs() < b.content.size())  // these opt-ins are its probe
        pauses_.begin(pause_reason::daily_reserve, reserve->words, now, rest_of_day(now));
    clock_.look(now, out);
}

bool pace::take_slot(base::moment now) {
    const auto free = limiter_.next_free(now.steady);
    if (!free || *free > now.steady || paused() || waiting_for_token_) return false;
    limiter_.take(now.steady);
    budget_.spent(now.wall);
    return true;
}

// --- what answers say

void pace::learn(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, std::uint64_t begun_since,
                 const in_flight& f, base::moment now, output& out) {
    if (!b.last.written) {
        if (a.written || a.status != 0)
            limiter_.written(now.steady);
        else
            limiter_.returned();
    }
    learn_limits(b, a.headers, begun_since, now, out);
    const base::steady_time begun = b.last.begun.steady;
    // An idle connection that died says nothing about HubSpot.
    if (j.kind == answer_kind::locked || (is_failure(j.kind) && !b.last.on_new_connection))
        concurrency_.overloaded(begun, now.steady);
    else if (!is_failure(j.kind) && !is_turned_away(j.kind))
        concurrency_.answered(begun, now.steady, std::max(b.last.in_flight, static_cast<std::uint32_t>(f.count) + 1));
    if (errors_.count(a.status, budget_.day_end(now.wall), now.wall))
        out.tell(
            base::level::warn, "errors.many",
            {{"errors", errors_.errors()},
             {"requests", errors_.answers()},
             {"words",
              "more than 5 % of the day's requests were refused; HubSpot may ask for less. The reports say which rows, "
              "and why: mend what writes the files"}});
}

void pace::learn_limits(const batch& b, const hubspot::answer_headers& h, std::uint64_t begun_since, base::moment now,
                        output& out) {
    const std::uint32_t limit_before = limiter_.limit();
    const bool believed = limiter_.learn(h.limit_max, h.limit_remaining, h.limit_interval_ms,
                                         b.last.written ? b.last.written_at : b.last.begun.steady, now.steady);
    if (!believed && !std::exchange(limit_odd_, true))
        out.tell(
            base::level::warn, "limit.not_believed",
            {{"requests", h.limit_max.value_or(0)},
             {"interval_ms", h.limit_interval_ms.value_or(0)},
             {"words",
              "HubSpot's headers tell a limit that makes no sense; the one known before stays. limits.requests and "
              "limits.interval set another one"}});
    if (limiter_.limit() != limit_before)
        out.tell(base::level::info, "limit.learnt",
                 {{"requests", limiter_.limit()}, {"interval_ms", limiter_.interval().count()}});
    if (budget_.learn(h.daily_max, h.daily_remaining, begun_since, now.wall))
        resume(pause_reason::daily_limit, now, out);
}

void pace::conclude(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, const outcome& o,
                    base::moment now, output& out) {
    if (o.about_content || o.accepted)
        for (const pause_reason reason : {pause_reason::outage, pause_reason::auth, pause_reason::moving,
                                          pause_reason::rate_limit, pause_reason::locked})
            resume_if_begun_since(reason, b.last.begun, now, out);
    if (o.accepted) {
        if (limiter_.learnt())
            concurrency_.allow(limiter_.limit() / std::chrono::duration<double>(limiter_.interval()).count());
        token_tried_ = false;
        for (const pause_reason reason : {pause_reason::scope, pause_reason::configuration, pause_reason::daily_limit})
            resume_if_begun_since(reason, b.last.begun, now, out);
    }
    if (o.token_refused) token_refused(b, j, now, out);
    if (o.rate_limited) rate_limited(b, j, a.headers.limit_interval_ms, now, out);
    if (o.connection_died && b.last.probe) pauses_.probe_all_now(now.steady);
    if (!o.pause) return;
    const bool of_day = o.pause->reason == pause_reason::daily_limit;
    pause(o.pause->reason, o.pause->words, b.last.probe, now, of_day ? std::optional(rest_of_day(now)) : o.pause->told,
          out);
}

base::milliseconds pace::rest_of_day(base::moment now) {
    return std::chrono::ceil<base::milliseconds>(budget_.day_end(now.wall) - now.wall);
}

// HubSpot's 429: everything waits as long as it says, else for the interval of the limit. Where it accepted a later
// request meanwhile, that is all. Else one request looks whether it is over; each one that is refused too doubles the
// wait, up to a minute.
void pace::rate_limited(const batch& b, const hubspot::judgement& j, std::optional<std::int64_t> interval_ms,
                        base::moment now, output& out) {
    limiter_.refused(now.steady);
    refused_.newest = std::max(refused_.newest, b.last.id);
    const pauses::pause* held = pauses_.find(pause_reason::rate_limit);
    if (!held) {
        refused_.probes = 0;
        refused_.pause_told = false;
    } else if (b.last.probe) {
        ++refused_.probes;
    }
    const auto usual = std::clamp(interval_ms ? base::milliseconds(*interval_ms) : limit_wait_usual, limit_wait_least,
                                  limit_wait_usual);
    const auto grown = std::min(usual * (1 << std::min(refused_.probes, limit_growth_max)), silent_wait_max);
    const auto wait = std::max(j.retry_after.value_or(grown), limit_wait_least);
    ++refused_.untold;
    if (held && !b.last.probe) return;
    pauses_.begin(pause_reason::rate_limit, hubspot::explain(j), now, wait);
    held = pauses_.find(pause_reason::rate_limit);
    if (!refused_.told_at || now.steady - *refused_.told_at >= limit_told_every) {
        out.tell(base::level::warn, "limit.refused",
                 {{"wait_ms", wait.count()},
                  {"limit", limiter_.limit()},
                  {"times", std::exchange(refused_.untold, 0)},
                  {"words",
                   "HubSpot said 429; everything waits, then one request looks whether it is over. If it comes often, "
                   "other programs use the account's limit: set limits.requests lower"}});
        refused_.told_at = now.steady;
    }
    if (!refused_.pause_told && now.steady + wait - held->since.steady > silent_wait_max) {
        refused_.pause_told = true;
        tell_of_pause(pause_reason::rate_limit, now, out);
    }
}

// A 401 for the token that is in use: it is read again or refreshed once; if HubSpot refuses the next one too, sending
// pauses, and each later probe asks for another token.
void pace::token_refused(const batch& b, const hubspot::judgement& j, base::moment now, output& out) {
    if (waiting_for_token_) return;
    if (!token_tried_ || now.steady - token_asked_at_ >= settings_->retry.max) {
        out.token_refused = true;
        token_asked_at_ = now.steady;
    }
    if (token_tried_) return pause(pause_reason::auth, hubspot::explain(j), b.last.probe, now, std::nullopt, out);
    token_tried_ = true;
    waiting_for_token_ = true;
}

// --- pauses

void pace::pause(pause_reason reason, const std::string& words, bool by_probe, base::moment now,
                 std::optional<base::milliseconds> told, output& out) {
    // What was in flight when the pause began says nothing new: only a probe puts the next one further off.
    if (pauses_.find(reason) && !by_probe) return;
    if (told) told = std::max(*told, told_least);
    if (pauses_.begin(reason, words, now, told)) tell_of_pause(reason, now, out);
    // Those that an operator or HubSpot gave an end hold over a restart.
    if (reason == pause_reason::operator_ || told)
        out.step.pauses.push_back({std::string(name(reason)), now.wall, pauses_.find(reason)->until, words});
}

void pace::tell_of_pause(pause_reason reason, base::moment now, output& out) {
    const pauses::pause& held = *pauses_.find(reason);
    const bool ends_by_itself = reason == pause_reason::moving || reason == pause_reason::rate_limit ||
                                reason == pause_reason::locked || reason == pause_reason::daily_reserve;
    const base::level at = reason == pause_reason::operator_ ? base::level::info
                           : ends_by_itself                  ? base::level::warn
                                                             : base::level::error;
    std::vector<base::log_field> fields{{"reason", name(reason)}, {"words", held.words}};
    if (pauses::probes(reason))
        fields.emplace_back("probe_in_s",
                            std::chrono::ceil<std::chrono::seconds>(held.next_probe - now.steady).count());
    if (held.until != base::wall_time{}) fields.emplace_back("goes_on", base::format_time(held.until));
    out.tell(at, "pause.begun", std::move(fields));
}

void pace::resume(pause_reason reason, base::moment now, output& out) {
    const auto ended = pauses_.end(reason);
    if (!ended) return;
    out.step.ended_pauses.emplace_back(name(reason));
    const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(now.steady - ended->since.steady);
    if (reason == pause_reason::rate_limit && !refused_.pause_told) return;
    out.tell(base::level::info, "pause.ended", {{"reason", name(reason)}, {"seconds", lasted.count()}});
}

// An answer to a request that began before the pause does not prove that the cause is gone.
void pace::resume_if_begun_since(pause_reason reason, base::moment begun, base::moment now, output& out) {
    const pauses::pause* held = pauses_.find(reason);
    if (held && held->since.steady <= begun.steady) resume(reason, now, out);
}

void pace::probe_for_new(pause_reason reason, base::moment now) {
    pauses_.probe_by(reason, std::max(now.steady, last_probe_at_ + probe_gap_least));
}

void pace::on_token(base::moment now) {
    waiting_for_token_ = false;
    pauses_.probe_now(pause_reason::auth, now.steady);
}

void pace::on_token_failed(const std::string& words, base::moment now, output& out) {
    waiting_for_token_ = false;
    pause(pause_reason::auth, words, false, now, std::nullopt, out);
}

void pace::watch(const progress& accepted, base::moment now, output& out) {
    watch_token(now, out);
    watch_reserve(now, out);
    const pauses::pause* limited = pauses_.find(pause_reason::rate_limit);
    if (limited && limited->next_probe <= now.steady && accepted.newest > refused_.newest)
        resume(pause_reason::rate_limit, now, out);
}

// A long wait for a token is a pause too, so that it is visible.
void pace::watch_token(base::moment now, output& out) {
    if (!waiting_for_token_) return token_waited_since_.reset();
    if (!token_waited_since_) token_waited_since_ = now.steady;
    if (now.steady - *token_waited_since_ < silent_wait_max) return;
    pause(
        pause_reason::auth,
        "no token has come for a minute: hubspot.oauth's token endpoint does not answer, or hubspot.token_file cannot be "
        "read; it is asked for again by itself",
        false, now, std::nullopt, out);
}

// At the reserve opt-ins wait until the day ends. One odd header must not cost a day: now and then a batch of them
// asks.
void pace::watch_reserve(base::moment now, output& out) {
    const bool reached = budget_.at_reserve(now.wall);
    if (reached == (pauses_.find(pause_reason::daily_reserve) != nullptr)) return;
    if (!reached) return resume(pause_reason::daily_reserve, now, out);
    pause(
        pause_reason::daily_reserve,
        "the rest of the day's requests is left to opt-outs and to other programs (limits.daily_reserve): opt-ins wait "
        "until the account's day ends, but for a batch now and then that asks; opt-outs go on",
        false, now, rest_of_day(now), out);
}

std::optional<base::steady_time> pace::next_watch(base::moment now) {
    std::optional<base::steady_time> next;
    // The reserve ends with the day, whether or not anything waits for that.
    if (pauses_.find(pause_reason::daily_reserve))
        sooner(next, now.steady + std::max(rest_of_day(now), base::milliseconds(0)));
    if (waiting_for_token_ && token_waited_since_ && !pauses_.find(pause_reason::auth))
        sooner(next, *token_waited_since_ + silent_wait_max);
    return next;
}

}  // namespace consent_sync::delivery
