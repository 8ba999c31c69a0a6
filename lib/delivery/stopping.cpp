// Pauses: what begins and ends them, and the token.
#include <algorithm>

#include "base/time_text.hpp"
#include "delivery/engine.hpp"
#include "hubspot/explain.hpp"

namespace consent_sync::delivery {
namespace {

using hubspot::answer_kind;

constexpr base::milliseconds told_least{1'000};
constexpr base::milliseconds limit_wait_least{100}, limit_wait_usual{10'000};
constexpr std::uint32_t limit_growth_max = 16;          // doublings
constexpr base::milliseconds limit_told_every{60'000};  // how often a line tells of 429s
constexpr base::milliseconds accepted_lately_within{60'000};

}  // namespace

void engine::pause(pause_reason reason, const std::string& words, base::moment now,
                   std::optional<base::milliseconds> told) {
    // What was in flight when the pause began says nothing new: only a probe puts the next one further off.
    if (pauses_.find(reason) && !answering_probe_) return;
    if (told) told = std::max(*told, told_least);
    if (pauses_.begin(reason, words, now, told)) tell_of_pause(reason, now);
    // Those that an operator or HubSpot gave an end hold over a restart.
    if (reason == pause_reason::operator_ || told)
        pending_.pauses.push_back({std::string(name(reason)), now.wall, pauses_.find(reason)->until, words});
}

void engine::tell_of_pause(pause_reason reason, base::moment now) {
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
    tell(at, "pause.begun", std::move(fields));
}

void engine::resume(pause_reason reason, base::moment now) {
    const auto ended = pauses_.end(reason);
    if (!ended) return;
    pending_.ended_pauses.emplace_back(name(reason));
    const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(now.steady - ended->since.steady);
    if (reason == pause_reason::rate_limit && !limit_pause_told_) return;
    tell(base::level::info, "pause.ended", {{"reason", name(reason)}, {"seconds", lasted.count()}});
}

// An answer to a request that began before the pause did is no proof that the cause is gone.
void engine::resume_if_begun_since(pause_reason reason, base::moment begun, base::moment now) {
    const pauses::pause* held = pauses_.find(reason);
    if (held && held->since.steady <= begun.steady) resume(reason, now);
}

void engine::on_token(base::moment now) {
    waiting_for_token_ = false;
    pauses_.probe_now(pause_reason::auth, now.steady);
}

void engine::on_token_failed(const std::string& words, base::moment now) {
    waiting_for_token_ = false;
    answering_probe_ = false;
    pause(pause_reason::auth, words, now);
}

// A 401 for the token that is in use: it is read again or refreshed once; if HubSpot refuses the next one too, sending
// pauses, and each later probe asks for another token.
void engine::token_refused(const hubspot::judgement& j, base::moment now) {
    if (waiting_for_token_) return;
    if (!token_tried_ || now.steady - token_asked_at_ >= settings_->retry.max) {
        out_.token_refused = true;
        token_asked_at_ = now.steady;
    }
    if (token_tried_) return pause(pause_reason::auth, hubspot::explain(j), now);
    token_tried_ = true;
    waiting_for_token_ = true;
}

// A wait for a token that nobody sees: it is a pause as well.
void engine::watch_token(base::moment now) {
    if (!waiting_for_token_) return token_waited_since_.reset();
    if (!token_waited_since_) token_waited_since_ = now.steady;
    if (now.steady - *token_waited_since_ < silent_wait_max) return;
    pause(
        pause_reason::auth,
        "no token has come for a minute: hubspot.oauth's token endpoint does not answer, or hubspot.token_file cannot be "
        "read; it is asked for again by itself",
        now);
}

// At the reserve opt-ins wait until the day ends. One odd header must not cost a day: now and then a batch of them
// asks.
void engine::watch_reserve(base::moment now) {
    const bool reached = budget_.at_reserve(now.wall);
    if (reached == (pauses_.find(pause_reason::daily_reserve) != nullptr)) return;
    if (!reached) return resume(pause_reason::daily_reserve, now);
    pause(
        pause_reason::daily_reserve,
        "the rest of the day's requests is left to opt-outs and to other programs (limits.daily_reserve): opt-ins wait "
        "until the account's day ends, but for a batch now and then that asks; opt-outs go on",
        now, std::chrono::ceil<base::milliseconds>(budget_.day_end(now.wall) - now.wall));
}

// A batch of opt-ins leaves.
void engine::ask_at_reserve(base::moment now) {
    const pauses::pause* held = pauses_.find(pause_reason::daily_reserve);
    if (!held) return;
    pauses_.begin(pause_reason::daily_reserve, held->words, now,
                  std::chrono::ceil<base::milliseconds>(budget_.day_end(now.wall) - now.wall));
    bulk_held_ = !pauses_.opt_ins_may_go(now.steady);
}

// A 403 that is not HubSpot's own: of an edge that dislikes what the batch carries, if it comes again although HubSpot
// has accepted others since; until then it may be about everything.
void engine::forbidden(owned b, const hubspot::judgement& j, base::moment now) {
    if (b->forbidden_at && accepted_ > *b->forbidden_at) {
        b->forbidden_at = accepted_;
        return refused(std::move(b), j, now);
    }
    const bool others_pass = accepted_ > b->accepted_at_begin;
    b->forbidden_at = accepted_;
    if (b->changes.size() == 1 && b->refused_alone_since == 0) b->refused_alone_since = next_attempt_;
    if (b->assertion && b->changes.size() > 1) return bisect(std::move(b), j, now);
    if (b->assertion) {
        reject(*b, 0, {}, j.correlation_id, now);
        batches_.remove(*b);
        return;
    }
    if (!others_pass) return pause_for(std::move(b), j, now);
    park(std::move(b), now.steady + settings_->retry.initial);
}

// The fault is not the batch's: nothing leaves until it is mended.
void engine::pause_for(owned b, const hubspot::judgement& j, base::moment now) {
    failures_in_a_row_ = 0;
    switch (j.kind) {
        case answer_kind::scope_missing:
        case answer_kind::forbidden: pause(pause_reason::scope, hubspot::explain(j), now); break;
        case answer_kind::daily_limited:
            pause(pause_reason::daily_limit, hubspot::explain(j), now,
                  std::chrono::ceil<base::milliseconds>(budget_.day_end(now.wall) - now.wall));
            break;
        case answer_kind::moving: pause(pause_reason::moving, hubspot::explain(j), now, j.retry_after); break;
        default: pause(pause_reason::configuration, hubspot::explain(j), now); break;
    }
    if (b->assertion) return drop_assertion(*b, now);
    park(std::move(b), now.steady);
}

// HubSpot's 429: everything waits as long as it says, else for the interval of the limit. Where it accepted a later
// request meanwhile, that is all. Else one request looks whether it is over; each one that is refused too doubles the
// wait, up to a minute.
void engine::rate_limited(owned b, const hubspot::judgement& j, std::optional<std::int64_t> interval_ms,
                          base::moment now) {
    limiter_.refused(now.steady);
    limit_refused_newest_ = std::max(limit_refused_newest_, b->attempt);
    const pauses::pause* held = pauses_.find(pause_reason::rate_limit);
    if (!held) {
        limit_probes_refused_ = 0;
        limit_pause_told_ = false;
    } else if (answering_probe_) {
        ++limit_probes_refused_;
    }
    const auto usual = std::clamp(interval_ms ? base::milliseconds(*interval_ms) : limit_wait_usual, limit_wait_least,
                                  limit_wait_usual);
    const auto grown = std::min(usual * (1 << std::min(limit_probes_refused_, limit_growth_max)), silent_wait_max);
    const auto wait = std::max(j.retry_after.value_or(grown), limit_wait_least);
    ++limit_refusals_;
    if (!held || answering_probe_) {
        pauses_.begin(pause_reason::rate_limit, hubspot::explain(j), now, wait);
        held = pauses_.find(pause_reason::rate_limit);
        if (!limit_told_at_ || now.steady - *limit_told_at_ >= limit_told_every) {
            tell(base::level::warn, "limit.refused",
                 {{"wait_ms", wait.count()},
                  {"limit", limiter_.limit()},
                  {"times", std::exchange(limit_refusals_, 0)},
                  {"words",
                   "HubSpot said 429; everything waits, then one request looks whether it is over. If it comes often, "
                   "other programs use the account's limit: set limits.requests lower"}});
            limit_told_at_ = now.steady;
        }
        if (!limit_pause_told_ && now.steady + wait - held->since.steady > silent_wait_max) {
            limit_pause_told_ = true;
            tell_of_pause(pause_reason::rate_limit, now);
        }
    }
    park(std::move(b), now.steady);
}

void engine::end_limit_that_passed(base::moment now) {
    const pauses::pause* held = pauses_.find(pause_reason::rate_limit);
    if (held && held->next_probe <= now.steady && accepted_newest_ > limit_refused_newest_)
        resume(pause_reason::rate_limit, now);
}

// HubSpot accepted something a moment ago: what one answer says of an outage is about that request alone.
bool engine::accepted_lately(base::moment now) const {
    return accepted_at_ && now.steady - *accepted_at_ <= accepted_lately_within;
}

}  // namespace consent_sync::delivery
