// What an answer says beyond its batch, and its end on record.
#include <algorithm>

#include "base/redact.hpp"
#include "delivery/engine.hpp"

namespace consent_sync::delivery {
namespace {

using hubspot::answer_kind;

bool is_failure(answer_kind kind) { return kind == answer_kind::unavailable || kind == answer_kind::unclear; }

// HubSpot did not look at the request: how fast it said so tells nothing of what it can bear.
bool is_turned_away(answer_kind kind) {
    return kind == answer_kind::rate_limited || kind == answer_kind::daily_limited || kind == answer_kind::moving ||
           kind == answer_kind::locked;
}

}  // namespace

// What an answer says beyond its batch: limits, latency, whether HubSpot is there at all.
void engine::learn(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, base::moment now) {
    if (!b.written) {
        if (a.written || a.status != 0)
            limiter_.written(now.steady);
        else
            limiter_.returned();
    }
    const std::uint32_t limit_before = limiter_.limit();
    const bool believed = limiter_.learn(a.headers.limit_max, a.headers.limit_remaining, a.headers.limit_interval_ms,
                                         b.written ? b.written_at : b.begun.steady, now.steady);
    if (!believed && !std::exchange(limit_odd_, true))
        tell(base::level::warn, "limit.not_believed",
             {{"requests", a.headers.limit_max.value_or(0)},
              {"interval_ms", a.headers.limit_interval_ms.value_or(0)},
              {"words",
               "HubSpot's headers tell a limit that makes no sense; the one known before stays. limits.requests and "
               "limits.interval set another one"}});
    if (limiter_.limit() != limit_before)
        tell(base::level::info, "limit.learnt",
             {{"requests", limiter_.limit()}, {"interval_ms", limiter_.interval().count()}});
    const bool jumped = budget_.learn(a.headers.daily_max, a.headers.daily_remaining,
                                      static_cast<std::uint64_t>(next_attempt_ - 1 - b.attempt), now.wall);
    if (jumped) resume(pause_reason::daily_limit, now);

    if (is_failure(j.kind) && !b.on_new_connection)  // an idle connection that died says nothing about HubSpot
        concurrency_.overloaded(b.begun.steady, now.steady);
    else if (!is_failure(j.kind) && !is_turned_away(j.kind))
        concurrency_.answered(b.begun.steady, now.steady,
                              std::max(b.in_flight_at_begin, static_cast<std::uint32_t>(open_.size()) + 1));
    if (now.wall >= errors_day_end_) {
        errors_day_end_ = budget_.day_end(now.wall);
        answers_today_ = errors_today_ = 0;
        warned_of_errors_ = false;
    }
    ++answers_today_;
    if (a.status >= 400) ++errors_today_;
    if (!warned_of_errors_ && answers_today_ >= 200 && errors_today_ * 20 > answers_today_) {
        warned_of_errors_ = true;
        tell(
            base::level::warn, "errors.many",
            {{"errors", errors_today_},
             {"requests", answers_today_},
             {"words",
              "more than 5 % of the day's requests were refused; HubSpot may ask for less. The reports say which rows, "
              "and why: mend what writes the files"}});
    }
}

void engine::end_attempt(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, base::moment now) {
    ended_attempt& ended = pending_ends_.emplace_back();
    ledger::attempt_end& end = ended.record;
    end.id = b.attempt;
    end.ended_at = now.wall;
    end.outcome = a.failure ? hubspot::name(*a.failure) : hubspot::name(j.kind);
    end.status = a.status;
    end.duration = std::chrono::duration_cast<base::milliseconds>(now.steady - b.begun.steady);
    end.correlation_id = j.correlation_id;
    if (!j.words.empty()) {
        end.category = j.words.front().category;
        end.message = j.words.front().message;
    }
    ended.judged = j.kind == hubspot::answer_kind::judged;
    ended.assertion = b.assertion;
    ended.batch = b.id;
    ended.number = b.attempts;
    ended.changes.reserve(b.changes.size());
    for (const consent::change& c : b.changes) ended.changes.push_back(c.id);
    ended.settled.reserve(b.changes.size());
    ended.notice = out_.notices.size();
    tell(base::level::debug, "batch.settled", {});  // the rest is known when the step is: see record_ends()
}

// An attempt gave this change its verdict, or once more what it has (an assertion). One that ended in an earlier step
// is on record already, as it was known then.
void engine::settled_by(ledger::attempt_id attempt, consent::place place, bool confirmed) {
    const auto found = std::find_if(pending_ends_.rbegin(), pending_ends_.rend(),
                                    [attempt](const ended_attempt& e) { return e.record.id == attempt; });
    if (found == pending_ends_.rend()) return;
    found->settled.push_back(place);
    found->confirmed += confirmed;
}

void engine::record_ends() {
    for (ended_attempt& ended : pending_ends_) {
        ledger::attempt_end& end = ended.record;
        if (ended.settled.size() < ended.changes.size()) {
            std::sort(ended.settled.begin(), ended.settled.end());
            for (const consent::place place : ended.changes)
                if (!std::binary_search(ended.settled.begin(), ended.settled.end(), place))
                    end.unsettled.push_back(place);
        }
        // Words about rejected changes are theirs; those of an answer that settles nothing are the attempt's.
        if (ended.judged && !ended.settled.empty() && !ended.assertion) {
            end.category.clear();
            end.message.clear();
        }
        notice& line = out_.notices[ended.notice];
        line.at = ended.confirmed == ended.changes.size() ? base::level::debug : base::level::info;
        line.fields = {{"batch", ended.batch},
                       {"attempt", ended.number},
                       {"outcome", end.outcome},
                       {"http", end.status},
                       {"changes", ended.changes.size()},
                       {"confirmed", ended.confirmed},
                       {"rejected", ended.settled.size() - ended.confirmed},
                       {"unsettled", end.unsettled.size()},
                       {"ms", end.duration.count()},
                       {"category", base::shown_identifier(end.category)},
                       {"correlation_id", base::shown_identifier(end.correlation_id)},
                       {"assertion", ended.assertion}};
        pending_.ends.push_back(std::move(end));
    }
    pending_ends_.clear();
}

// HubSpot settled something: it is there, it knows us, and it accepts changes.
void engine::accepted(const batch& b, base::moment now) {
    ++accepted_;
    accepted_at_ = now.steady;
    accepted_newest_ = std::max(accepted_newest_, b.attempt);
    suspects_tries_ = 0;
    if (limiter_.learnt())
        concurrency_.allow(limiter_.limit() / std::chrono::duration<double>(limiter_.interval()).count());
    failures_in_a_row_ = 0;
    token_tried_ = false;
    for (const pause_reason reason :
         {pause_reason::outage, pause_reason::auth, pause_reason::scope, pause_reason::configuration,
          pause_reason::moving, pause_reason::daily_limit, pause_reason::rate_limit, pause_reason::locked})
        resume_if_begun_since(reason, b.begun, now);
    refusals_.accepted();
    refuses_everything_ = false;
    judge_suspects(now);
}

// HubSpot is there and knows us, whatever it thinks of the content.
void engine::answered_about_content(base::moment begun, base::moment now) {
    failures_in_a_row_ = 0;
    for (const pause_reason reason : {pause_reason::outage, pause_reason::auth, pause_reason::moving,
                                      pause_reason::rate_limit, pause_reason::locked})
        resume_if_begun_since(reason, begun, now);
}

}  // namespace consent_sync::delivery
