// What an answer means for its batch: verdicts, another try, a split, or a pause. The table of README, row by row.
#include <algorithm>

#include "consent/address.hpp"
#include "delivery/backoff.hpp"
#include "delivery/engine.hpp"
#include "delivery/words.hpp"
#include "hubspot/explain.hpp"

namespace consent_sync::delivery {
namespace {

using hubspot::answer_kind;
using hubspot::change_outcome;

constexpr std::uint32_t circuit_threshold = 5;  // failures in a row, over all batches, that open the circuit
constexpr std::uint32_t alone_tries_max = 2;    // answers that may leave out a change that was sent alone
constexpr std::chrono::hours unnamed_most{24};  // then a change that is never named is given up, whatever others do
constexpr base::milliseconds search_wait{10'000};
constexpr base::milliseconds locked_wait{2'000};  // 423: HubSpot's locks last 2 s
constexpr std::uint32_t locked_growth_max = 16;   // doublings: one that lasts must not use up the day's requests
// Retry-After of a 5xx or 423 while HubSpot accepts other requests: it is about this one, and must not hold it for
// long.
constexpr base::milliseconds told_wait_max{30'000};

}  // namespace

void engine::on_answer(ledger::attempt_id attempt, const hubspot::answer& a, bool token_is_current, base::moment now) {
    const auto found = open_.find(attempt);
    if (found == open_.end()) return;
    owned b = std::move(found->second);
    open_.erase(found);
    answering_probe_ = b->probe;
    b->on_new_connection = a.idle_connection_died && !b->on_new_connection;  // the second time in a row is a failure
    hubspot::judgement j = hubspot::judge(b->changes, a, now.wall);
#ifdef CONSENT_SYNC_PLANTED_BUG
    if (planted_bug == planted::trusts_http_200)
        for (auto& c : j.changes) c.outcome = change_outcome::confirmed;
#endif
    learn(*b, a, j, now);

    const bool accepts = std::any_of(j.changes.begin(), j.changes.end(),
                                     [](const auto& c) { return c.outcome == change_outcome::confirmed; });
    std::vector<consent::place> unsettled;
    for (std::size_t i = 0; i < b->changes.size(); ++i)
        if (!settles(*b, j, i, accepts)) unsettled.push_back(b->changes[i].id);
    end_attempt(*b, a, j, now, std::move(unsettled));

    judge_accused(b->id, j.kind == answer_kind::judged && accepts, now);

    switch (j.kind) {
        case answer_kind::judged:
            return b->assertion ? judged_assertion(std::move(b), j, now) : judged(std::move(b), j, now);
        case answer_kind::refused: return refused(std::move(b), j, now);
        case answer_kind::forbidden: return forbidden(std::move(b), j, now);
        case answer_kind::too_large: return too_large(std::move(b), j, now);
        case answer_kind::unclear:
        case answer_kind::unavailable: return unanswered(std::move(b), j, now);
        case answer_kind::unauthorized:
            if (token_is_current) token_refused(j, now);
            return park(std::move(b), now.steady);
        case answer_kind::locked: return locked(std::move(b), j, now);
        case answer_kind::rate_limited: return rate_limited(std::move(b), j, a.headers.limit_interval_ms, now);
        case answer_kind::scope_missing:
        case answer_kind::misconfigured:
        case answer_kind::daily_limited:
        case answer_kind::moving: return pause_for(std::move(b), j, now);
    }
}

// Whether this answer gives the change its verdict; an assertion's has one. One that is only suspected has none yet.
bool engine::settles(const batch& b, const hubspot::judgement& j, std::size_t index, bool accepts) const {
    if (j.kind == answer_kind::judged) {
        const change_outcome outcome = j.changes[index].outcome;
        if (outcome == change_outcome::confirmed) return true;
        if (b.assertion) return false;
        if (outcome == change_outcome::other_status) return b.answered_otherwise[index];
        return outcome == change_outcome::rejected && (accepts || proven_bad(b));
    }
    const bool refused = j.kind == answer_kind::refused || j.kind == answer_kind::too_large ||
                         (j.kind == answer_kind::forbidden && b.forbidden_at && accepted_ > *b.forbidden_at);
    return refused && !b.assertion && b.changes.size() == 1 && proven_bad(b);
}

void engine::judged(owned b, const hubspot::judgement& j, base::moment now) {
    std::vector<bool> left(b->changes.size(), false);
    std::vector<bool> doubted(b->changes.size(), false);
    std::size_t left_count = 0;
    const auto confirmed = static_cast<std::size_t>(std::count_if(
        j.changes.begin(), j.changes.end(), [](const auto& c) { return c.outcome == change_outcome::confirmed; }));
    const bool proven = confirmed > 0 || proven_bad(*b);
    const auto words_for = [&j](const hubspot::change_judgement& how) {
        return how.words ? j.words[how.words - 1] : hubspot::refusal_words{};
    };
    for (std::size_t i = 0; i < b->changes.size(); ++i) {
        const hubspot::change_judgement& how = j.changes[i];
        if (how.outcome == change_outcome::confirmed) {
            confirm(*b, i, how, now);
        } else if (how.outcome == change_outcome::rejected && proven) {
            reject(*b, i, words_for(how), j.correlation_id, now);
        } else if (how.outcome == change_outcome::rejected) {
            doubted[i] = true;
        } else if (how.outcome == change_outcome::other_status && b->answered_otherwise[i]) {
            reject(*b, i, {"STATUS_NOT_APPLIED", words_for(how).message}, j.correlation_id, now);
        } else {
            if (how.outcome == change_outcome::other_status) b->answered_otherwise[i] = true;
            late_.unanswered(b->changes[i], b->hashes[i], even_wall(now), pending_);
            left[i] = true;
            ++left_count;
        }
    }
    const auto doubted_count = static_cast<std::size_t>(std::count(doubted.begin(), doubted.end(), true));
    const bool settled_any = left_count < b->changes.size();
    if (b->family) b->family->undecided -= 1;
    const auto family = std::exchange(b->family, nullptr);
    if (settled_any) {
        refusals_.root_shrinks(b->root, b->changes.size() - left_count - doubted_count);
        b->unresolved_alone = 0;
        answered_about_content(b->begun, now);
    }
    if (confirmed > 0) {
        if (batch_limit_.accepted(b->changes.size()))
            tell(base::level::info, "batch.limit_raised", {{"changes", batch_limit_.changes()}});
        accepted(*b, now);
    }
    if (doubted_count > 0) {
        suspect_each(*b, j, doubted, now);
        left.assign(b->changes.size(), true);
        left_count = b->changes.size();
    }
    // Where HubSpot took as many before, it was not their number.
    if (family && family->undecided == 0 && !family->refused && confirmed > 0 &&
        !batch_limit_.has_accepted(family->size) && batch_limit_.taken_in_halves(family->size))
        tell_of_smaller_batches();
    if (left_count == 0) {
        batches_.remove(*b);
        return;
    }
    if (!settled_any) return unresolved(std::move(b), j, now);
    owned rest = split_off(*b, left);
    batches_.remove(*b);
    rest->family = nullptr;
    rest->bisected = true;
    park(std::move(rest), now.steady);
}

void engine::judged_assertion(owned b, const hubspot::judgement& j, base::moment now) {
    bool confirmed_any = false;
    for (std::size_t i = 0; i < b->changes.size(); ++i) {
        const hubspot::change_judgement& how = j.changes[i];
        if (how.outcome == change_outcome::confirmed) {
            confirmed_any = true;
            confirm(*b, i, how, now);
        } else if (how.outcome == change_outcome::rejected || how.outcome == change_outcome::other_status) {
            reject(*b, i, {}, {}, now);
        } else {
            late_.unanswered(b->changes[i], b->hashes[i], even_wall(now), pending_);
            free_key(b->hashes[i]);
        }
    }
    batches_.remove(*b);
    if (confirmed_any) accepted(*b, now);
}

// Whether an answer that names none of the batch answers to it all the same: with a result for each of its changes that
// is as asked but for the address. One address for different changes answers to nothing.
bool engine::answers_to(const batch& b, const hubspot::judgement& j) {
    if (j.look_alikes < b.changes.size()) return false;
    if (b.changes.size() > 1) return true;
    const bool for_another = look_alike_.first == j.look_alike && look_alike_.second != b.hashes[0];
    look_alike_ = {j.look_alike, b.hashes[0]};
    return !for_another;
}

// A 2xx that settles none of its changes: in smaller batches, in the end alone. A change that is alone is its own
// trouble from its second such answer on. Where HubSpot answers to them, so are changes whose addresses may be spelled
// in other ways, and the last few of a batch: what concerns everybody shows in the answers to others.
void engine::unresolved(owned b, const hubspot::judgement& j, base::moment now) {
    const bool alone = b->changes.size() == 1;
    const bool answered_to = answers_to(*b, j);
    const bool spelled =
        answered_to && std::none_of(b->changes.begin(), b->changes.end(),
                                    [](const consent::change& c) { return consent::is_plain_address(c.subscriber); });
    // Since its last try: HubSpot is well, and where little is sent few are on their way at the same moment.
    const bool others_settled = accepted_ > b->accepted_unresolved;
    b->accepted_unresolved = accepted_;
    const bool few = answered_to && b->bisected && b->changes.size() < circuit_threshold;
    const bool own_trouble = spelled || few || (alone && b->unnamed_alone > 0);
    if (!own_trouble && ++failures_in_a_row_ >= circuit_threshold)
        pause(pause_reason::outage,
              "HubSpot's answers prove nothing of any of the changes that were sent, so they are sent again. See what "
              "answers in its place: hubspot.base_url, hubspot.proxy",
              now);
    ++b->failures;
    const auto at = now.steady + backoff_delay(settings_->retry.initial, settings_->retry.max, b->failures, random_);
    if (b->changes.size() > 1) {
        b->family = nullptr;
        if (!others_settled && pauses_.any()) return park(std::move(b), at);
        std::vector<bool> half(b->changes.size(), false);
        std::fill(half.begin() + static_cast<std::ptrdiff_t>(half.size() / 2), half.end(), true);
        owned other = split_off(*b, half);
        other->failures = b->failures;
        other->bisected = b->bisected = true;
        park(std::move(other), at);
        return park(std::move(b), at);
    }
    if (b->unnamed_alone == 0) b->unnamed_since = now.steady;
    if (others_settled && ++b->unresolved_alone >= alone_tries_max) return give_up(std::move(b), now);
    if (now.steady - b->unnamed_since >= unnamed_most) return give_up(std::move(b), now);
    if (!pauses_.find(pause_reason::outage)) {
        const std::uint32_t tries = std::max(settings_->retry.max_attempts, alone_tries_max);
        const bool used_up = ++b->unnamed_alone >= tries;
        const bool well = answered_to || accepted_ > b->accepted_before;  // HubSpot is, as far as anybody knows
        if (used_up && well) return give_up(std::move(b), now);
        if (b->unnamed_alone == tries)
            tell(
                base::level::warn, "changes.unnamed",
                {{"file", consent::format_file_id(b->changes[0].id.arrival())},
                 {"row", b->changes[0].id.row()},
                 {"words",
                  "HubSpot answers, and never names this change; it accepted nothing else since this was sent first, so "
                  "nobody can tell what is wrong. It is sent again until HubSpot accepts others, and unconfirmed after a "
                  "day"}});
    }
    park(std::move(b), at);
}

void engine::refused(owned b, const hubspot::judgement& j, base::moment now) {
    answered_about_content(b->begun, now);
    if (b->family) {
        b->family->refused = true;
        b->family.reset();
    }
    const hubspot::refusal_words words = j.words.empty() ? hubspot::refusal_words{} : j.words.front();
    if (pauses_.find(pause_reason::configuration))
        pause(pause_reason::configuration, refuses_everything(words.message), now);
    if (b->changes.size() > 1) return bisect(std::move(b), j, now);
    if (b->assertion || proven_bad(*b)) {
        reject(*b, 0, words, j.correlation_id, now);
        refusals_.root_shrinks(b->root, 1);
        batches_.remove(*b);
        return;
    }
    suspect({std::move(b), words, j.correlation_id, !j.suspects.empty()}, now);
}

void engine::bisect(owned b, const hubspot::judgement& j, base::moment now) {
    if (!b->bisected && accepted_ == b->accepted_before && refusals_.open_roots() >= refused_roots_max) {
        park(std::move(b), now.steady + search_wait);  // those that are being searched will tell whether it is the API
        return;
    }
    if (!b->bisected) refusals_.root_refused(b->root, b->changes.size());
    b->bisected = true;
    if (b->refused_with.size() >= refused_batches_kept) b->refused_with.erase(b->refused_with.begin());
    b->refused_with.push_back(std::make_shared<refused_batch>(refused_batch{next_attempt_, b->changes.size(), 0, {}}));
    if (j.suspects.size() == 1) b->refused_with.back()->named = b->changes[j.suspects[0]].id;
    if (accuse(*b, j)) return park(std::move(b), now.steady);
    const std::size_t size = b->changes.size();
    std::vector<bool> part(size, false);
    bool halves = false;
    if (!j.suspects.empty() && j.suspects.size() < size) {
        for (const std::uint32_t index : j.suspects) part[index] = true;  // HubSpot named them: apart with them
    } else {
        const auto opt_outs =
            std::count_if(b->changes.begin(), b->changes.end(), [](const auto& c) { return c.is_opt_out(); });
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

// One change is named: it waits for the answer to the others. An opt-out does not: it never waits for opt-ins.
bool engine::accuse(batch& b, const hubspot::judgement& j) {
    if (b.assertion || j.suspects.size() != 1 || j.words.empty() || b.changes[j.suspects[0]].is_opt_out()) return false;
    std::vector<bool> part(b.changes.size(), false);
    part[j.suspects[0]] = true;
    owned named = split_off(b, part);
    named->accused = true;
    named->stage = batch_stage::waiting;
    lanes_.move(named->hashes[0], named->id, true);
    refusals_.accuse({std::move(named), j.words.front(), j.correlation_id}, b.id);
    return true;
}

// The rest of its batch has its answer. Is that no acceptance, the accused goes alone, as any other change would.
void engine::judge_accused(ledger::batch_id rest, bool rest_accepted, base::moment now) {
    auto accused = refusals_.take_accused(rest);
    if (!accused) return;
    accused->of->accused = false;
    if (!rest_accepted) return park(std::move(accused->of), now.steady);
    reject(*accused->of, 0, accused->words, accused->correlation_id, now);
    refusals_.root_shrinks(accused->of->root, 1);
    batches_.remove(*accused->of);
}

void engine::tell_of_smaller_batches() {
    tell(base::level::warn, "batch.limit_halved",
         {{"changes", batch_limit_.changes()},
          {"words",
           "HubSpot takes no larger batches, so smaller ones are sent, and a larger one is tried now and then; "
           "batch.max_changes may be set to it"}});
}

void engine::too_large(owned b, const hubspot::judgement& j, base::moment now) {
    if (b->changes.size() == 1) return refused(std::move(b), j, now);
    b->family = nullptr;
    if (batch_limit_.too_large(b->changes.size())) tell_of_smaller_batches();
    std::vector<bool> half(b->changes.size(), false);
    std::fill(half.begin() + static_cast<std::ptrdiff_t>(half.size() / 2), half.end(), true);
    park(split_off(*b, half), now.steady);
    park(std::move(b), now.steady);
}

// 423: HubSpot's lock is about this batch and lasts 2 s. One that lasts is looked at ever more rarely, once a minute at
// last; others go past it.
void engine::locked(owned b, const hubspot::judgement& j, base::moment now) {
    concurrency_.overloaded(b->begun.steady, now.steady);
    const base::milliseconds grown = locked_wait * (1 << std::min(b->locked++, locked_growth_max));
    const auto wait = std::max({locked_wait, std::min(grown, settings_->retry.max),
                                std::min(j.retry_after.value_or(locked_wait), told_wait_max)});
    park(std::move(b), now.steady + wait);
}

// No answer, a 5xx, or an answer that cannot be read: HubSpot may have applied it, or may yet.
void engine::unanswered(owned b, const hubspot::judgement& j, base::moment now) {
    for (std::size_t i = 0; i < b->changes.size(); ++i)
        late_.unanswered(b->changes[i], b->hashes[i], even_wall(now), pending_);
    // HubSpot did not fail. The next attempt goes at once, on a new connection. Both are on record, pay the limiter and
    // leave a duty, for HubSpot may have received both.
    if (b->on_new_connection) {
        if (b->probe) pauses_.probe_all_now(now.steady);
        return park(std::move(b), now.steady);
    }
    ++failures_in_a_row_;
    const bool told_of_outage = j.retry_after > silent_wait_max && !accepted_lately(now);
    if (failures_in_a_row_ >= circuit_threshold || told_of_outage || pauses_.find(pause_reason::outage))
        pause(pause_reason::outage, hubspot::explain(j), now,
              j.retry_after > silent_wait_max ? j.retry_after : std::nullopt);
    if (b->assertion) return drop_assertion(*b, now);
    ++b->failures;
    if (accepted_ > b->accepted_at_begin) ++b->cost;
    const auto wait = std::max(backoff_delay(settings_->retry.initial, settings_->retry.max, b->failures, random_),
                               std::min(j.retry_after.value_or(base::milliseconds(0)), told_wait_max));
    if (b->cost < settings_->retry.max_attempts) return park(std::move(b), now.steady + wait);
    b->family = nullptr;
    if (b->changes.size() == 1) return give_up(std::move(b), now);
    std::vector<bool> half(b->changes.size(), false);
    std::fill(half.begin() + static_cast<std::ptrdiff_t>(half.size() / 2), half.end(), true);
    b->cost = settings_->retry.max_attempts / 2;  // the halves have fewer tries: the whole has used its own up
    owned other = split_off(*b, half);
    other->bisected = b->bisected = true;
    park(std::move(other), now.steady + wait);
    park(std::move(b), now.steady + wait);
}

}  // namespace consent_sync::delivery
