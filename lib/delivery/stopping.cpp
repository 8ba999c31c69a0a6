// Pauses: what begins and ends them, and the token.
#include <algorithm>

#include "base/time_text.hpp"
#include "delivery/engine.hpp"
#include "hubspot/explain.hpp"

namespace consent_sync::delivery {
namespace {

using hubspot::answer_kind;

constexpr base::milliseconds probe_of_day{30 * 60'000};
constexpr base::milliseconds wait_max{24 * 3'600'000};

}  // namespace

void engine::pause(pause_reason reason, const std::string& words, base::moment now) {
    // What was in flight when the pause began says nothing new: only a probe puts the next one further off.
    if (pauses_.find(reason) && !answering_probe_) return;
    if (pauses_.begin(reason, words, now))
        tell(reason == pause_reason::operator_ ? base::level::info : base::level::error, "pause.begun",
             {{"reason", name(reason)}, {"words", words}});
    if (reason == pause_reason::operator_) pending_.pauses.push_back({std::string(name(reason)), now.wall, {}, words});
}

void engine::resume(pause_reason reason, base::moment now) {
    const auto ended = pauses_.end(reason);
    if (!ended) return;
    pending_.ended_pauses.emplace_back(name(reason));
    const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(now.steady - ended->since.steady);
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
        case answer_kind::daily_limited: {
            const auto until = std::chrono::ceil<base::milliseconds>(budget_.day_end(now.wall) - now.wall);
            const auto wait = budget_.midnight_known() ? until : std::min(until, probe_of_day);
            if (pauses_.find(pause_reason::daily_limit) && !answering_probe_) break;
            if (pauses_.begin(pause_reason::daily_limit, hubspot::explain(j), now, wait))
                tell(base::level::error, "pause.begun",
                     {{"reason", name(pause_reason::daily_limit)},
                      {"words", hubspot::explain(j)},
                      {"probe_in_s", wait.count() / 1000},
                      {"goes_on", base::format_time(now.wall + wait)}});
            pending_.pauses.push_back(
                {std::string(name(pause_reason::daily_limit)), now.wall, now.wall + wait, hubspot::explain(j)});
            break;
        }
        case answer_kind::moving: {
            if (pauses_.find(pause_reason::moving) && !answering_probe_) break;
            std::optional<base::milliseconds> told;
            if (j.retry_after) told = std::clamp(*j.retry_after, base::milliseconds(1'000), wait_max);
            const base::milliseconds wait = told.value_or(settings_->retry.max);
            if (pauses_.begin(pause_reason::moving, hubspot::explain(j), now, told))
                tell(base::level::warn, "pause.begun",
                     {{"reason", name(pause_reason::moving)},
                      {"words", hubspot::explain(j)},
                      {"probe_in_s", wait.count() / 1000}});
            pending_.pauses.push_back(
                {std::string(name(pause_reason::moving)), now.wall, now.wall + wait, hubspot::explain(j)});
            break;
        }
        default: pause(pause_reason::configuration, hubspot::explain(j), now); break;
    }
    if (b->assertion) return drop_assertion(*b, now);
    park(std::move(b), now.steady);
}

}  // namespace consent_sync::delivery
