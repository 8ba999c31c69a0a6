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

constexpr std::uint32_t circuit_threshold = 5;    // failures in a row, over all batches, that open the circuit
constexpr std::uint32_t alone_tries_max = 2;      // answers that may leave out a change that was sent alone
constexpr std::chrono::hours unnamed_most{24};    // then a change that is never named is given up, whatever others do
constexpr base::milliseconds locked_wait{2'000};  // 423: HubSpot's locks last 2 s
constexpr std::uint32_t locked_growth_max = 16;   // doublings: one that lasts must not use up the day's requests
constexpr std::size_t locked_cut_most = 50;       // batches that wait: with more it is no matter of single changes
// Retry-After of a 5xx or 423 holds its batch, and up to a minute is waited for as told. A longer one is not believed:
// the batch goes again after some seconds, and then ever more rarely. `times`: so many such answers in a row.
constexpr base::milliseconds unbelieved_first{5'000}, unbelieved_most{30'000};
base::milliseconds wait_told(const hubspot::judgement& j, std::uint32_t times) {
    const auto told = j.retry_after.value_or(base::milliseconds(0));
    return told > silent_wait_max ? std::min(unbelieved_most, unbelieved_first * (1 << std::min(times, 4u))) : told;
}
constexpr base::milliseconds opt_ins_kept_back{60'000}, opt_outs_kept_back{10'000};  // at most

}  // namespace

void engine::on_answer(ledger::attempt_id attempt, const hubspot::answer& a, bool token_is_current, base::moment now) {
    const auto found = open_.find(attempt);
    if (found == open_.end()) return;
    owned b = std::move(found->second);
    open_.erase(found);
    answering_probe_ = b->probe;
    b->on_new_connection = a.idle_connection_died && !b->on_new_connection;  // the second time in a row is a failure
    hubspot::judgement j = hubspot::judge(b->changes, a, now.wall);
    if (j.kind != answer_kind::locked) b->locked = 0;
#ifdef CONSENT_SYNC_PLANTED_BUG
    if (planted_bug == planted::trusts_http_200)
        for (auto& c : j.changes) c.outcome = change_outcome::confirmed;
#endif
    learn(*b, a, j, now);

    end_attempt(*b, a, j, now);

    answer_followers(*b, j, now);

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

// What a judged answer makes of each change of its batch: decided here alone, all that follows is done to these.
std::vector<engine::fate> engine::decide(const batch& b, const hubspot::judgement& j) {
    const bool accepts = std::any_of(j.changes.begin(), j.changes.end(),
                                     [](const auto& c) { return c.outcome == change_outcome::confirmed; });
    const bool proven = accepts || proven_bad(b);
    std::vector<fate> fates(b.changes.size(), fate::open);
    for (std::size_t i = 0; i < fates.size(); ++i) switch (j.changes[i].outcome) {
            case change_outcome::confirmed: fates[i] = fate::confirmed; break;
            case change_outcome::rejected: fates[i] = proven ? fate::rejected : fate::suspected; break;
            case change_outcome::other_status:
                fates[i] = b.answered_otherwise[i] ? fate::not_applied : fate::otherwise;
                break;
            case change_outcome::unresolved: break;
        }
    return fates;
}

void engine::judged(owned b, const hubspot::judgement& j, base::moment now) {
    std::vector<fate> fates = decide(*b, j);
    const auto count = [&fates](fate f) { return static_cast<std::size_t>(std::count(fates.begin(), fates.end(), f)); };
    const auto words_for = [&j](const hubspot::change_judgement& how) {
        return how.words ? j.words[how.words - 1] : hubspot::refusal_words{};
    };
    std::vector<hubspot::refusal_words> words_of_suspects;
    for (std::size_t i = 0; i < fates.size(); ++i) {
        const hubspot::change_judgement& how = j.changes[i];
        switch (fates[i]) {
            case fate::confirmed: confirm(*b, i, how, now); break;
            case fate::rejected: reject(*b, i, words_for(how), j.correlation_id, now); break;
            case fate::not_applied:
                reject(*b, i, {"STATUS_NOT_APPLIED", words_for(how).message}, j.correlation_id, now);
                break;
            case fate::suspected: words_of_suspects.push_back(words_for(how)); break;
            case fate::otherwise:
                b->answered_otherwise[i] = true;
                fates[i] = fate::open;
                [[fallthrough]];
            case fate::open: late_.unanswered(b->changes[i], b->hashes[i], even_wall(now), pending_); break;
        }
    }
    const std::size_t confirmed = count(fate::confirmed);
    const std::size_t open = count(fate::open);
    if (b->family) b->family->undecided -= 1;
    const auto family = std::exchange(b->family, nullptr);
    if (open == fates.size()) return unresolved(std::move(b), j, now);

    b->unresolved_alone = 0;
    answered_about_content(b->begun, now);
    if (confirmed > 0) {
        if (batch_limit_.accepted(fates.size()))
            tell(base::level::info, "batch.limit_raised", {{"changes", batch_limit_.changes()}});
        accepted(*b, now);
    }
    // Where HubSpot took as many before, it was not their number.
    if (family && family->undecided == 0 && !family->refused && confirmed > 0 &&
        !batch_limit_.has_accepted(family->size) && batch_limit_.taken_in_halves(family->size))
        tell_of_smaller_batches();

    const auto take_out = [&](fate wanted) {
        std::vector<bool> part(fates.size(), false);
        for (std::size_t i = 0; i < fates.size(); ++i) part[i] = fates[i] == wanted;
        std::erase(fates, wanted);
        return split_off(*b, part);
    };
    if (!words_of_suspects.empty()) suspect_each(take_out(fate::suspected), words_of_suspects, j.correlation_id, now);
    if (open > 0) {
        owned rest = take_out(fate::open);
        rest->bisected = true;
        park(std::move(rest), now.steady);
    }
    batches_.remove(*b);
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
    if (pauses_.find(pause_reason::configuration)) refused_in_pause(words.message, now);
    if (b->changes.size() == 1 && (b->assertion || proven_bad(*b))) {
        reject(*b, 0, words, j.correlation_id, now);
        batches_.remove(*b);
        return;
    }
    count_refusal(*b, words.message, now);
    if (b->changes.size() > 1) return bisect(std::move(b), j, now);
    suspect({std::move(b), words, j.correlation_id, !j.suspects.empty()}, now);
}

void engine::count_refusal(const batch& b, const std::string& words, base::moment now) {
    refusals_.refused(refused_before(b));
    if (refusals_.everything_refused() && !pauses_.find(pause_reason::configuration)) pause_refusing(words, now);
}

// One row that is bad itself must not put the next probe off for minutes: another is asked at once.
void engine::refused_in_pause(const std::string& words, base::moment now) {
    if (refuses_everything_ && answering_probe_ && asked_in_doubt_ % 2 == 1)
        pauses_.probe_by(pause_reason::configuration, now.steady + gap_in_doubt);
    else
        pause(pause_reason::configuration, refuses_everything(words), now);
}

void engine::bisect(owned b, const hubspot::judgement& j, base::moment now) {
    b->bisected = true;
    if (b->refused_with.size() >= refused_batches_kept) b->refused_with.erase(b->refused_with.begin());
    const auto whole = std::make_shared<refused_batch>();
    whole->since = next_attempt_;
    whole->size = b->changes.size();
    for (const std::uint32_t index : j.suspects) whole->named.push_back(b->changes[index].id);
    b->refused_with.push_back(whole);
    if (may_accuse(*b, j)) {
        accuse(*b, j, now);
        return park(std::move(b), now.steady);
    }
    if (j.suspects.empty() || j.suspects.size() == b->changes.size()) return cut(std::move(b), now);
    // The changes that HubSpot named go alone, one by one: each has its own words.
    std::vector<bool> part(b->changes.size(), false);
    for (const std::uint32_t index : j.suspects) part[index] = true;
    owned named = split_off(*b, part);
    park(std::move(b), now.steady);
    while (named->changes.size() > 1) {
        std::vector<bool> last(named->changes.size(), false);
        last.back() = true;
        park(split_off(*named, last), now.steady);
    }
    park(std::move(named), now.steady);
}

// Opt-outs apart from the others, else in halves: the second waits for what is said of the first.
void engine::cut(owned b, base::moment now) {
    const std::size_t size = b->changes.size();
    const auto opt_outs = static_cast<std::size_t>(
        std::count_if(b->changes.begin(), b->changes.end(), [](const auto& c) { return c.is_opt_out(); }));
    if (opt_outs > 0 && opt_outs < size) {
        std::vector<bool> part(size, false);
        for (std::size_t i = 0; i < size; ++i) part[i] = b->changes[i].is_opt_out();
        park(split_off(*b, part), now.steady);
        return park(std::move(b), now.steady);
    }
    keep_some_back(*b, now);
    const std::size_t left = b->changes.size();
    if (left == 1) return park(std::move(b), now.steady);
    std::vector<bool> half(left, false);
    std::fill(half.begin() + static_cast<std::ptrdiff_t>((left + 1) / 2), half.end(), true);
    owned second = split_off(*b, half);
    b->family = second->family = left == size ? std::make_shared<family>(family{size, 2, false}) : nullptr;
    const ledger::batch_id first = b->id;
    const bool urgent = opt_outs > 0;
    if (set_aside(*second)) refusals_.follow({first, std::move(second), now.steady, false, urgent, {}, {}});
    park(std::move(b), now.steady);
}

// Some changes that HubSpot has not refused alone wait until all others are decided: see refusals.hpp. Not where the
// batch may have been too large: then the answers to its halves must be those to all of it.
void engine::keep_some_back(batch& b, base::moment now) {
    const std::size_t size = b.changes.size();
    if (b.assertion || pauses_.find(pause_reason::configuration) || !batch_limit_.has_accepted(size)) return;
    const base::milliseconds wait = b.has_opt_out() ? opt_outs_kept_back : opt_ins_kept_back;
    for (std::size_t wanted = std::max<std::size_t>(1, size / 8);
         wanted > 0 && b.changes.size() > 1 && refusals_.reserve() < refusals::reserve_most; --wanted) {
        std::vector<bool> one(b.changes.size(), false);
        one[any_of(one.size())] = true;
        owned kept = split_off(b, one);
        if (set_aside(*kept)) refusals_.keep_back({std::move(kept), now.steady + wait});
    }
}

// HubSpot names one change of several, which waits for the answer to the others. An opt-out does not: it never waits
// for opt-ins.
bool engine::may_accuse(const batch& b, const hubspot::judgement& j) const {
    return j.kind == answer_kind::refused && !b.assertion && b.changes.size() > 1 && j.suspects.size() == 1 &&
           !j.words.empty() && !b.changes[j.suspects[0]].is_opt_out();
}

void engine::accuse(batch& b, const hubspot::judgement& j, base::moment now) {
    std::vector<bool> part(b.changes.size(), false);
    part[j.suspects[0]] = true;
    owned named = split_off(b, part);
    if (set_aside(*named))
        refusals_.follow({b.id, std::move(named), now.steady, true, false, j.words.front(), j.correlation_id});
}

// Who waited for this answer. A change that HubSpot named is to blame if it accepts others of its batch without it;
// else it goes alone, as any other would. While HubSpot names one after the other, all of these wait on. The second
// half of a refused batch is bad where all of the first is accepted: it is cut at once, which saves its refusal.
void engine::answer_followers(const batch& first, const hubspot::judgement& j, base::moment now) {
    const auto confirmed = static_cast<std::size_t>(std::count_if(
        j.changes.begin(), j.changes.end(), [](const auto& c) { return c.outcome == change_outcome::confirmed; }));
    for (refusals::follower& f : refusals_.take_followers(first.id)) {
        if (f.accused && may_accuse(first, j)) {
            refusals_.follow(std::move(f));
        } else if (f.accused && confirmed > 0) {
            reject(*f.of, 0, f.words, f.correlation_id, now);
            batches_.remove(*f.of);
        } else {
            batch& b = *f.of;
            const bool of_number = b.family && !batch_limit_.has_accepted(b.family->size);
            const bool is_bad = !f.accused && confirmed > 0 && confirmed == j.changes.size() && !of_number;
            if (is_bad) b.family = nullptr;
            b.aside = false;
            is_bad&& b.changes.size() > 1 ? cut(std::move(f.of), now) : park(std::move(f.of), now.steady);
        }
    }
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

// 423: HubSpot's lock is about this batch and lasts 2 s. One that lasts is looked at ever more rarely, at least once a
// minute. When it lasts longer than a minute it is a pause, if nothing else is accepted meanwhile; else it is about
// some change of this batch, which is cut until only that one waits, for a day at most.
void engine::locked(owned b, const hubspot::judgement& j, base::moment now) {
    concurrency_.overloaded(b->begun.steady, now.steady);
    if (b->locked == 0) {
        b->locked_since = now.steady;
        b->accepted_locked = accepted_;
    }
    const base::milliseconds grown = locked_wait * (1 << std::min(b->locked, locked_growth_max));
    const auto wait =
        std::max({locked_wait, std::min({grown, settings_->retry.max, silent_wait_max}), wait_told(j, b->locked)});
    ++b->locked;
    const bool lasts = now.steady + wait - b->locked_since > silent_wait_max;
    if (pauses_.find(pause_reason::locked) || (lasts && (accepted_ == b->accepted_locked || !accepted_lately(now)))) {
        pause(pause_reason::locked, hubspot::explain(j), now);
        if (b->assertion) return drop_assertion(*b, now);
        return park(std::move(b), now.steady);
    }
    if (!lasts) return park(std::move(b), now.steady + wait);
    if (b->assertion) return drop_assertion(*b, now);
    if (waiting_[0].size() + waiting_[1].size() >= locked_cut_most) return park(std::move(b), now.steady + wait);
    if (b->changes.size() == 1) {
        if (now.steady - b->locked_since >= unnamed_most) return give_up(std::move(b), now);
        if (!std::exchange(b->told_locked, true))
            tell(
                base::level::warn, "changes.locked",
                {{"file", consent::format_file_id(b->changes[0].id.arrival())},
                 {"row", b->changes[0].id.row()},
                 {"words",
                  "HubSpot has locked what this change is about for more than a minute, and accepts others meanwhile. It "
                  "is sent again once a minute, and unconfirmed after a day"}});
        return park(std::move(b), now.steady + wait);
    }
    b->family = nullptr;
    std::vector<bool> half(b->changes.size(), false);
    std::fill(half.begin() + static_cast<std::ptrdiff_t>(half.size() / 2), half.end(), true);
    park(split_off(*b, half), now.steady);
    park(std::move(b), now.steady);
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
                               wait_told(j, b->failures - 1));
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
