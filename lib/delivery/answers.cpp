// What an answer means for its batch: verdicts, another try, a split, or a pause. The table of README, row by row.
#include <algorithm>

#include "delivery/backoff.hpp"
#include "delivery/engine.hpp"

namespace consent_sync::delivery {
namespace {

using hubspot::answer_kind;
using hubspot::change_outcome;

constexpr std::uint32_t circuit_threshold = 5;       // failures in a row, over all batches, that open the circuit
constexpr std::uint32_t alone_tries_max = 2;         // answers that may leave out a change that was sent alone
constexpr base::milliseconds locked_wait{2'000};     // 423: HubSpot's locks last 2 s
constexpr base::milliseconds unknown_interval{10'000};
constexpr base::milliseconds probe_of_day{30 * 60'000};
constexpr base::milliseconds wait_max{24 * 3'600'000};

bool is_failure(answer_kind kind) { return kind == answer_kind::unavailable || kind == answer_kind::unclear; }

std::string words_of(const hubspot::judgement& j) {
    if (j.words.empty()) return {};
    const hubspot::refusal_words& w = j.words.front();
    return w.category.empty() ? w.message : w.category + ": " + w.message;
}

}  // namespace

void engine::on_answer(ledger::attempt_id attempt, const hubspot::answer& a, bool token_is_current, base::moment now) {
    const auto found = open_.find(attempt);
    if (found == open_.end()) return;
    owned b = std::move(found->second);
    open_.erase(found);
    const hubspot::judgement j = hubspot::judge(b->changes, a, now.wall);
    learn(*b, a, j, now);

    std::vector<consent::place> unsettled;
    for (std::size_t i = 0; i < b->changes.size(); ++i) {
        const change_outcome outcome = j.kind == answer_kind::judged ? j.changes[i].outcome : change_outcome::unresolved;
        // An assertion gives no verdict: what HubSpot refuses of it is left as it was.
        const bool settles = outcome == change_outcome::confirmed ||
                             (outcome == change_outcome::rejected && !b->assertion);
        if (!settles)
            unsettled.push_back(b->changes[i].id);
    }
    end_attempt(*b, a, j, now, std::move(unsettled));

    switch (j.kind) {
        case answer_kind::judged:
            return b->assertion ? judged_assertion(std::move(b), j, now) : judged(std::move(b), j, now);
        case answer_kind::refused: return refused(std::move(b), j, now);
        case answer_kind::forbidden:
            if (accepted_ > b->accepted_before) return refused(std::move(b), j, now);
            return pause_for(std::move(b), j, now);
        case answer_kind::too_large: return too_large(std::move(b), j, now);
        case answer_kind::unclear:
        case answer_kind::unavailable: return unanswered(std::move(b), j, now);
        case answer_kind::unauthorized:
            if (token_is_current && !waiting_for_token_) {
                waiting_for_token_ = true;
                out_.token_refused = true;
            }
            return park(std::move(b), now.steady);
        case answer_kind::locked:
            concurrency_.overloaded(b->begun.steady, now.steady);
            return park(std::move(b), now.steady + std::max(locked_wait, j.retry_after.value_or(locked_wait)));
        case answer_kind::rate_limited: {
            const auto wait = std::clamp(j.retry_after.value_or(a.headers.limit_interval_ms
                                                                    ? base::milliseconds(*a.headers.limit_interval_ms)
                                                                    : unknown_interval),
                                         base::milliseconds(100), wait_max);
            limiter_.refused(now.steady, wait);
            tell(base::level::warn, "limit.refused", {{"wait_ms", wait.count()}, {"limit", limiter_.limit()}});
            return park(std::move(b), now.steady + wait);
        }
        case answer_kind::scope_missing:
        case answer_kind::misconfigured:
        case answer_kind::daily_limited:
        case answer_kind::moving: return pause_for(std::move(b), j, now);
    }
}

// What an answer says beyond its batch: limits, latency, whether HubSpot is there at all.
void engine::learn(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, base::moment now) {
    if (!b.written) {
        if (a.written || a.status != 0)
            limiter_.written(now.steady);
        else
            limiter_.returned();
    }
    const std::uint32_t limit_before = limiter_.limit();
    limiter_.learn(a.headers.limit_max, a.headers.limit_remaining, a.headers.limit_interval_ms,
                   b.written ? b.written_at : b.begun.steady, now.steady);
    if (limiter_.limit() != limit_before)
        tell(base::level::info, "limit.learnt",
             {{"requests", limiter_.limit()}, {"interval_ms", limiter_.interval().count()}});
    const bool jumped = budget_.learn(a.headers.daily_max, a.headers.daily_remaining,
                                      static_cast<std::uint32_t>(open_.size()), now.wall);
    if (jumped) resume(pause_reason::daily_limit, now);

    if (is_failure(j.kind))
        concurrency_.overloaded(b.begun.steady, now.steady);
    else
        concurrency_.answered(b.begun.steady, now.steady, b.in_flight_at_begin);
    if (now.wall >= errors_day_end_) {
        errors_day_end_ = budget_.day_end(now.wall);
        answers_today_ = errors_today_ = 0;
        warned_of_errors_ = false;
    }
    ++answers_today_;
    if (a.status >= 400) ++errors_today_;
    if (!warned_of_errors_ && answers_today_ >= 200 && errors_today_ * 20 > answers_today_) {
        warned_of_errors_ = true;
        tell(base::level::warn, "errors.many", {{"errors", errors_today_}, {"requests", answers_today_}});
    }
}

void engine::end_attempt(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, base::moment now,
                         std::vector<consent::place> unsettled) {
    ledger::attempt_end end;
    end.id = b.attempt;
    end.ended_at = now.wall;
    end.outcome = a.failure ? hubspot::name(*a.failure) : hubspot::name(j.kind);
    end.status = a.status;
    end.duration = std::chrono::duration_cast<base::milliseconds>(now.steady - b.begun.steady);
    end.correlation_id = j.correlation_id;
    if ((j.kind != answer_kind::judged || b.assertion) && !j.words.empty()) {
        end.category = j.words.front().category;
        end.message = j.words.front().message;
    }
    if (a.failure) end.message = a.failure_detail;
    std::size_t confirmed = 0;
    std::size_t rejected = 0;
    for (const auto& change : j.changes) {
        confirmed += change.outcome == change_outcome::confirmed;
        rejected += change.outcome == change_outcome::rejected;
    }
    const bool all_confirmed = confirmed == b.changes.size();
    tell(all_confirmed ? base::level::debug : base::level::info, "batch.answered",
         {{"batch", b.id}, {"attempt", b.attempts}, {"outcome", end.outcome}, {"http", a.status},
          {"changes", b.changes.size()}, {"confirmed", confirmed}, {"rejected", rejected},
          {"unsettled", unsettled.size()}, {"ms", end.duration.count()}, {"category", end.category},
          {"correlation_id", end.correlation_id}, {"assertion", b.assertion}});
    end.unsettled = std::move(unsettled);
    pending_.ends.push_back(std::move(end));
}

// HubSpot settled something: it is there, it knows us, and it accepts changes.
void engine::accepted(base::moment now) {
    ++accepted_;
    failures_in_a_row_ = 0;
    for (const pause_reason reason : {pause_reason::outage, pause_reason::auth, pause_reason::scope,
                                      pause_reason::configuration, pause_reason::moving, pause_reason::daily_limit})
        resume(reason, now);
    reject_suspects();
}

void engine::judged(owned b, const hubspot::judgement& j, base::moment now) {
    std::vector<bool> left(b->changes.size(), false);
    std::size_t left_count = 0;
    std::size_t confirmed = 0;
    for (std::size_t i = 0; i < b->changes.size(); ++i) {
        const hubspot::change_judgement& how = j.changes[i];
        if (how.outcome == change_outcome::confirmed) {
            ++confirmed;
            confirm(*b, i, how, now);
        } else if (how.outcome == change_outcome::rejected) {
            reject(*b, i, b->attempt, how.words ? j.words[how.words - 1] : hubspot::refusal_words{}, j.correlation_id);
        } else if (how.outcome == change_outcome::other_status && b->answered_otherwise[i]) {
            const std::string message = how.words ? j.words[how.words - 1].message : std::string();
            reject(*b, i, b->attempt, {"STATUS_NOT_APPLIED", message}, j.correlation_id);
        } else {
            if (how.outcome == change_outcome::other_status) b->answered_otherwise[i] = true;
            late_.unanswered(b->changes[i], b->hashes[i], now.wall, pending_);
            left[i] = true;
            ++left_count;
        }
    }
    const bool settled_any = left_count < b->changes.size();
    if (b->family) b->family->undecided -= 1;
    const auto family = std::exchange(b->family, nullptr);
    if (settled_any) {
        refusals_.root_shrinks(b->root, b->changes.size() - left_count);
        b->unresolved_alone = 0;
    }
    if (confirmed > 0) accepted(now);
    if (family && family->undecided == 0 && !family->refused && confirmed > 0) {
        batch_limit_ = std::max<std::uint32_t>(1, static_cast<std::uint32_t>((family->size + 1) / 2));
        tell(base::level::warn, "batch.limit_halved", {{"changes", batch_limit_}});
    }
    if (left_count == 0) {
        batches_.erase(b->id);
        return;
    }
    if (!settled_any) return unresolved(std::move(b), now);
    owned rest = split_off(*b, left);
    batches_.erase(b->id);
    rest->bisected = true;
    park(std::move(rest), now.steady);
}

void engine::judged_assertion(owned b, const hubspot::judgement& j, base::moment now) {
    bool settled_any = false;
    for (std::size_t i = 0; i < b->changes.size(); ++i) {
        const hubspot::change_judgement& how = j.changes[i];
        if (how.outcome == change_outcome::confirmed) {
            settled_any = true;
            confirm(*b, i, how, now);
        } else if (how.outcome == change_outcome::rejected) {
            reject(*b, i, b->attempt, {}, {});
        } else {
            late_.unanswered(b->changes[i], b->hashes[i], now.wall, pending_);
            free_key(b->hashes[i]);
        }
    }
    batches_.erase(b->id);
    if (settled_any) accepted(now);
}

// A 2xx that settles none of its changes: in smaller batches, in the end alone.
void engine::unresolved(owned b, base::moment now) {
    const bool others_settled = accepted_ > b->accepted_at_begin;
    if (++failures_in_a_row_ >= circuit_threshold)
        pause(pause_reason::outage, "HubSpot's answers name none of the changes that were sent", now);
    ++b->failures;
    const auto at =
        now.steady + backoff_delay(settings_->retry.initial, settings_->retry.max, b->failures, random_);
    if (b->changes.size() > 1) {
        if (!others_settled && pauses_.any()) return park(std::move(b), at);
        std::vector<bool> half(b->changes.size(), false);
        std::fill(half.begin() + static_cast<std::ptrdiff_t>(half.size() / 2), half.end(), true);
        owned other = split_off(*b, half);
        other->failures = b->failures;
        other->bisected = b->bisected = true;
        park(std::move(other), at);
        return park(std::move(b), at);
    }
    if (others_settled && ++b->unresolved_alone >= alone_tries_max) return give_up(std::move(b), now);
    park(std::move(b), at);
}

void engine::refused(owned b, const hubspot::judgement& j, base::moment now) {
    failures_in_a_row_ = 0;  // it answers, and about the content
    for (const pause_reason reason : {pause_reason::outage, pause_reason::auth, pause_reason::moving})
        resume(reason, now);
    if (b->family) {
        b->family->refused = true;
        b->family.reset();
    }
    const hubspot::refusal_words words = j.words.empty() ? hubspot::refusal_words{} : j.words.front();
    if (b->changes.size() > 1) return bisect(std::move(b), j, now);
    if (b->assertion || accepted_ > b->accepted_before) {
        reject(*b, 0, b->attempt, words, j.correlation_id);
        refusals_.root_shrinks(b->root, 1);
        batches_.erase(b->id);
        return;
    }
    b->suspected = true;
    b->stage = batch_stage::waiting;
    lanes_.move(b->hashes[0], b->id, true);
    refusals_.root_refused(b->root, 1);
    const ledger::attempt_id attempt = b->attempt;
    refusals_.add({std::move(b), attempt, words, j.correlation_id});
}

void engine::bisect(owned b, const hubspot::judgement& j, base::moment now) {
    if (!b->bisected) refusals_.root_refused(b->root, b->changes.size());
    b->bisected = true;
    const std::size_t size = b->changes.size();
    std::vector<bool> part(size, false);
    bool halves = false;
    if (!j.suspects.empty() && j.suspects.size() < size) {
        for (const std::uint32_t index : j.suspects) part[index] = true;  // HubSpot named them: apart with them
    } else {
        const auto opt_outs = std::count_if(b->changes.begin(), b->changes.end(),
                                            [](const auto& c) { return c.is_opt_out(); });
        const bool mixed = opt_outs > 0 && static_cast<std::size_t>(opt_outs) < size;
        halves = !mixed;
        for (std::size_t i = 0; i < size; ++i) part[i] = mixed ? b->changes[i].is_opt_out() : i >= size / 2;
    }
    owned other = split_off(*b, part);
    if (halves) {
        b->family = other->family = std::make_shared<family>(family{size, 2, false});
    } else if (other->changes.size() > 1) {
        // The changes that HubSpot named go alone, one by one: each has its own words.
        while (!j.suspects.empty() && j.suspects.size() < size && other->changes.size() > 1) {
            std::vector<bool> last(other->changes.size(), false);
            last.back() = true;
            park(split_off(*other, last), now.steady);
        }
    }
    park(std::move(other), now.steady);
    park(std::move(b), now.steady);
}

void engine::too_large(owned b, const hubspot::judgement& j, base::moment now) {
    if (b->changes.size() == 1) return refused(std::move(b), j, now);
    batch_limit_ = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(b->changes.size() / 2));
    tell(base::level::warn, "batch.limit_halved", {{"changes", batch_limit_}});
    std::vector<bool> half(b->changes.size(), false);
    std::fill(half.begin() + static_cast<std::ptrdiff_t>(half.size() / 2), half.end(), true);
    park(split_off(*b, half), now.steady);
    park(std::move(b), now.steady);
}

// No answer, a 5xx, or an answer that cannot be read: HubSpot may have applied it, or may yet.
void engine::unanswered(owned b, const hubspot::judgement& j, base::moment now) {
    for (std::size_t i = 0; i < b->changes.size(); ++i)
        late_.unanswered(b->changes[i], b->hashes[i], now.wall, pending_);
    if (++failures_in_a_row_ >= circuit_threshold || pauses_.find(pause_reason::outage))
        pause(pause_reason::outage, "HubSpot does not answer as it should: " + words_of(j), now);
    if (b->assertion) return drop_assertion(*b, now);
    ++b->failures;
    if (accepted_ > b->accepted_at_begin) ++b->cost;
    const auto wait = std::max(backoff_delay(settings_->retry.initial, settings_->retry.max, b->failures, random_),
                               j.retry_after.value_or(base::milliseconds(0)));
    if (b->cost < settings_->retry.max_attempts) return park(std::move(b), now.steady + wait);
    if (b->changes.size() == 1) return give_up(std::move(b), now);
    std::vector<bool> half(b->changes.size(), false);
    std::fill(half.begin() + static_cast<std::ptrdiff_t>(half.size() / 2), half.end(), true);
    b->cost = settings_->retry.max_attempts / 2;  // the halves have fewer tries: the whole has used its own up
    owned other = split_off(*b, half);
    other->bisected = b->bisected = true;
    park(std::move(other), now.steady + wait);
    park(std::move(b), now.steady + wait);
}

// The fault is not the batch's: nothing leaves until it is mended.
void engine::pause_for(owned b, const hubspot::judgement& j, base::moment now) {
    failures_in_a_row_ = 0;
    std::string scopes;
    for (const std::string& scope : j.missing_scopes) scopes += (scopes.empty() ? "" : ", ") + scope;
    switch (j.kind) {
        case answer_kind::scope_missing:
            pause(pause_reason::scope, "the token lacks the scope " + (scopes.empty() ? words_of(j) : scopes), now);
            break;
        case answer_kind::forbidden: pause(pause_reason::scope, "HubSpot answers 403: " + words_of(j), now); break;
        case answer_kind::daily_limited: {
            const auto until = std::chrono::ceil<base::milliseconds>(budget_.day_end(now.wall) - now.wall);
            const auto wait = settings_->limits.time_zone.empty() ? std::min(until, probe_of_day) : until;
            if (pauses_.begin(pause_reason::daily_limit, words_of(j), now, wait))
                tell(base::level::error, "pause.begun",
                     {{"reason", name(pause_reason::daily_limit)}, {"words", words_of(j)},
                      {"probe_in_s", wait.count() / 1000}});
            pending_.pauses.push_back(
                {std::string(name(pause_reason::daily_limit)), now.wall, now.wall + wait, words_of(j)});
            break;
        }
        case answer_kind::moving: {
            const auto wait = std::clamp(j.retry_after.value_or(settings_->retry.max), base::milliseconds(1'000), wait_max);
            if (pauses_.begin(pause_reason::moving, words_of(j), now, wait))
                tell(base::level::warn, "pause.begun",
                     {{"reason", name(pause_reason::moving)}, {"words", words_of(j)}, {"probe_in_s", wait.count() / 1000}});
            pending_.pauses.push_back({std::string(name(pause_reason::moving)), now.wall, now.wall + wait, words_of(j)});
            break;
        }
        default:
            pause(pause_reason::configuration, "HubSpot does not know this request: " + words_of(j), now);
            break;
    }
    if (b->assertion) return drop_assertion(*b, now);
    park(std::move(b), now.steady);
}

}  // namespace consent_sync::delivery
