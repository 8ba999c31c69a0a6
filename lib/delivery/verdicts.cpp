// The ends of changes: how a verdict is written down, and what becomes of a batch that is split or given up.
#include <algorithm>

#include "delivery/engine.hpp"
#include "delivery/words.hpp"

namespace consent_sync::delivery {
namespace {

constexpr base::milliseconds named_again_after{10'000};  // or retry.max, if that is less
constexpr std::uint32_t growth_most = 4;                 // doublings of the time between tries
constexpr std::uint32_t undecided_after = 3;             // tries, before an operator is told
constexpr std::chrono::hours suspected_most{24};
constexpr base::milliseconds half_waits_most{5'000};   // for the answer to the first half
constexpr base::milliseconds probe_gap_least{10'000};  // between probes for the sake of new rows

}  // namespace

void engine::free_key(consent::key_hash hash) { pending_released_.push_back(hash); }

void engine::confirm(const batch& b, std::size_t index, const hubspot::change_judgement& how, base::moment) {
    const consent::change& c = b.changes[index];
    late_.confirmed(c, b.hashes[index], even_wall(b.begun), pending_);
    free_key(b.hashes[index]);
    if (b.assertion) return settled_by(b.attempt, c.id, true);
    for (const auto& refused : b.refused_with) refused->accept(c.id);
    ledger::settled_change end;
    end.id = c.id;
    end.attempt = b.attempt;
    end.verdict = consent::verdict::confirmed;
    end.success = how.reason;
    end.hubspot_time_ms = how.hubspot_time_ms;
    note_settled(std::move(end), !c.is_opt_out());
}

void engine::reject(const batch& b, std::size_t index, const hubspot::refusal_words& words,
                    const std::string& correlation_id, base::moment now) {
    const consent::change& c = b.changes[index];
    free_key(b.hashes[index]);
    if (b.assertion) {
        // What was accepted once keeps its duty: no older change takes its place.
        if (!late_.refused_again(c, b.hashes[index], b.accepted_newest, next_attempt_, pending_))
            late_.postpone(b.hashes[index], even_wall(now) + settings_->retry.late_write_window);
        return;
    }
    late_.rejected(c, b.hashes[index], pending_);
    ledger::settled_change end;
    end.id = c.id;
    end.attempt = b.attempt;
    end.verdict = consent::verdict::rejected;
    end.reason = std::make_shared<const ledger::reason>(
        ledger::reason{words.category.empty() ? "REFUSED" : words.category, words.message, correlation_id, {}});
    note_settled(std::move(end), !c.is_opt_out());
}

// Every try of these changes is used up without proof.
void engine::give_up(owned b, base::moment) {
    for (std::size_t i = 0; i < b->changes.size(); ++i) {
        ledger::settled_change end;
        end.id = b->changes[i].id;
        end.attempt = b->attempt;
        end.verdict = consent::verdict::unconfirmed;
        end.reason = std::make_shared<const ledger::reason>(
            ledger::reason{"UNCONFIRMED",
                           "no answer of HubSpot named this change with the status that was asked for, in " +
                               std::to_string(b->attempts) + " attempts of its last batch",
                           "",
                           {}});
        free_key(b->hashes[i]);
        note_settled(std::move(end), !b->changes[i].is_opt_out());
    }
    batches_.remove(*b);
}

// Whether something proves that this change, refused alone now, is bad itself. No one moment in which HubSpot refuses
// everything covers both of two refusals with an acceptance between them; the first may be that of a batch of which all
// others were accepted since, and where HubSpot named it then, all that it did not name.
bool engine::proven_bad(const batch& b) {
    if (b.changes.empty()) return false;
    if (b.refused_alone_since != 0 && b.accepted_newest >= b.refused_alone_since) return true;
    return std::any_of(b.refused_with.begin(), b.refused_with.end(), [&b](const auto& refused) {
        if (refused->accepted + 1 == refused->size && b.accepted_newest >= refused->since) return true;
        return refused->names(b.changes[0].id) && refused->unnamed_accepted + refused->named.size() == refused->size;
    });
}

// Whether HubSpot had refused these changes, and accepted others since, when they were sent last.
bool engine::refused_before(const batch& b) {
    if (b.refused_alone_since != 0 && b.accepted_newest >= b.refused_alone_since) return true;
    return std::any_of(b.refused_with.begin(), b.refused_with.end(),
                       [&b](const auto& refused) { return b.accepted_newest >= refused->since; });
}

void engine::reject_suspect(refusals::suspect&& s, base::moment now) {
    reject(*s.of, 0, s.words, s.correlation_id, now);
    batches_.remove(*s.of);
}

// A change that HubSpot refused alone, without a proof that it is bad itself.
void engine::suspect(refusals::suspect&& s, base::moment now) {
    batch& b = *s.of;
    if (b.refused_alone++ == 0) {
        b.refused_alone_at = now.steady;
        b.refused_alone_since = next_attempt_;
    }
    if (pauses_.find(pause_reason::configuration)) return park(std::move(s.of), now.steady);  // everything is refused
    if (set_aside(b)) refusals_.add(std::move(s));
}

// Changes that an answer refuses one by one, and that accepts none; `words` are parallel to them.
void engine::suspect_each(owned apart, const std::vector<hubspot::refusal_words>& words,
                          const std::string& correlation_id, base::moment now) {
    count_refusal(*apart, words.front().message, now);
    if (pauses_.find(pause_reason::configuration)) {
        refused_in_pause(words.front().message, now);
        return park(std::move(apart), now.steady);
    }
    while (apart->changes.size() > 1) {
        std::vector<bool> last(apart->changes.size(), false);
        last.back() = true;
        const hubspot::refusal_words& of_last = words[apart->changes.size() - 1];
        suspect({split_off(*apart, last), of_last, correlation_id, true}, now);
    }
    suspect({std::move(apart), words.front(), correlation_id, true}, now);
}

bool engine::nothing_else_to_do() const {
    const bool opt_outs = !waiting_[static_cast<std::size_t>(lane::opt_out)].empty() || fetching_opt_outs_ ||
                          !opt_out_ranges_.empty() || lanes_.ready(lane::opt_out) > 0;
    const bool bulk = !waiting_[static_cast<std::size_t>(lane::bulk)].empty() || fetching_bulk_ || bulk_more_ ||
                      lanes_.ready(lane::bulk) > 0;
    return open_.empty() && !opt_outs && (!bulk || bulk_held_);
}

std::optional<base::steady_time> engine::next_half() const {
    const auto oldest = refusals_.oldest_urgent();
    return oldest ? std::optional(*oldest + half_waits_most) : std::nullopt;
}

void engine::settle_suspects(base::moment now) {
    for (auto& half : refusals_.take_urgent_since(now.steady - half_waits_most)) bring_back(std::move(half.of), now);
    bring_back_together(refusals_.take_reserve(now.steady), true, now);
    if (stopping_ || !nothing_else_to_do() || (!refusals_.any() && refusals_.reserve() == 0)) {
        suspects_due_.reset();
        return;
    }
    if (refusals_.reserve() > 0) {  // what it accepts of these decides about the suspects
        if (refusals_.any()) return bring_back(refusals_.take_one_of_reserve(), now);
        return bring_back_together(refusals_.take_reserve(base::steady_time::max()), true, now);
    }
    if (!suspects_due_) {
        const base::milliseconds wait = refusals_.any_named() || refusals_.all_alone()
                                            ? std::min(settings_->retry.max, named_again_after)
                                            : settings_->retry.max * (1 << std::min(suspects_tries_, growth_most));
        suspects_due_ = now.steady + wait;
    }
    const bool again = refusals_.any_named_again();
    if (*suspects_due_ > now.steady && !again) return;
    if (refusals_.all_alone() && !again) return pause_refusing(refusals_.last_words(), now);
    try_suspects_again(now);
}

// Nothing is left that HubSpot could accept, so nothing else will tell. Whom it named twice is to blame; whom it named
// once goes again, and of those that it did not name one, for all of them.
void engine::try_suspects_again(base::moment now) {
    suspects_due_.reset();
    ++suspects_tries_;
    bool one = false;
    for (refusals::suspect& s : refusals_.take_suspects()) {
        const bool given_up = now.steady - s.of->refused_alone_at >= suspected_most;
        if (given_up || (s.named && s.of->refused_alone > 1)) {
            reject_suspect(std::move(s), now);
        } else if (s.named || !one) {
            one = one || !s.named;
            bring_back(std::move(s.of), now);
        } else {
            refusals_.add(std::move(s));
        }
    }
    if (one && suspects_tries_ == undecided_after)
        tell(
            base::level::error, "refusals.undecided",
            {{"changes", refusals_.suspected() + 1},
             {"words",
              "HubSpot refuses the only changes there are and does not name them: whether they are bad or HubSpot is in "
              "trouble shows when it accepts others. They are sent again until then, and rejected after a day"}});
}

// HubSpot refuses everything: no row gets a verdict for that, all wait until it accepts something.
void engine::pause_refusing(const std::string& words, base::moment now) {
    pause(pause_reason::configuration, refuses_everything(words), now);
    std::vector<owned> alone;
    for (refusals::suspect& s : refusals_.take_suspects()) alone.push_back(std::move(s.of));
    bring_back_together(std::move(alone), false, now);
    bring_back_together(refusals_.take_reserve(base::steady_time::max()), false, now);
    refuses_everything_ = true;
}

// New rows may be what HubSpot accepts, or what somebody sends to see whether it is mended; what is locked may be other
// rows than these.
void engine::probe_for_new(pause_reason reason, base::moment now) {
    pauses_.probe_by(reason, std::max(now.steady, last_probe_at_ + probe_gap_least));
}

// HubSpot accepted something: that may be the missing proof against a suspect. If it began after a suspect was refused,
// another try of that one is.
void engine::judge_suspects(base::moment now) {
    std::vector<owned> together;
    for (refusals::suspect& s : refusals_.take_suspects()) {
        batch& b = *s.of;
        if (proven_bad(b)) {
            reject_suspect(std::move(s), now);
        } else if (accepted_newest_ < b.refused_alone_since) {
            refusals_.add(std::move(s));
        } else if (refused_before(b)) {
            bring_back(std::move(s.of), now);  // it will be refused again
        } else {
            together.push_back(std::move(s.of));
        }
    }
    bring_back_together(std::move(together), true, now);
}

// The batch is not on the wire any more: a change with a newer opt-out of its key is superseded at once. False: that
// was all of it.
bool engine::come_to_rest(batch& b) {
    lane_effects effects;
    b.stage = batch_stage::waiting;
    for (std::size_t i = 0; i < b.changes.size();) {
        const consent::place newer = lanes_.newer_opt_out(b.changes[i], b.hashes[i]);
        if (!newer) {
            lanes_.move(b.hashes[i], b.id, true);
            ++i;
            continue;
        }
        const consent::key_hash hash = b.hashes[i];
        if (!b.assertion) supersede(b.changes[i], newer);
        b.remove(i);
        lanes_.release(hash, {}, effects);
    }
    const bool any = !b.changes.empty();
    if (!any) {
        left_alone_.push_back(b.id);
        batches_.remove(b);
    }
    apply(std::move(effects));
    return any;
}

bool engine::set_aside(batch& b) {
    b.aside = true;
    return come_to_rest(b);
}

void engine::bring_back(owned b, base::moment now) {
    b->aside = false;
    park(std::move(b), now.steady);
}

// Single changes, in batches again: what was refused for no fault of its own costs few requests. `searched`: they were
// looked at, and are no new batch that is refused.
void engine::bring_back_together(std::vector<owned>&& alone, bool searched, base::moment now) {
    if (alone.size() == 1) return bring_back(std::move(alone.front()), now);
    owned together;
    for (const owned& b : alone) {
        if (!together) {
            together = std::make_unique<batch>();
            together->id = next_batch_++;
            together->bisected = searched;
            together->refused_alone_at = b->refused_alone_at;
            batches_.add(*together);
        }
        lanes_.move(b->hashes[0], together->id, true);
        together->refused_alone = std::max(together->refused_alone, b->refused_alone);
        together->refused_alone_since = std::max(together->refused_alone_since, b->refused_alone_since);
        together->forbidden_at = std::max(together->forbidden_at, b->forbidden_at);
        together->add(std::move(b->changes[0]), b->hashes[0], b->answered_otherwise[0]);
        batches_.remove(*b);
        if (together->changes.size() >= batch_limit_.changes()) park(std::move(together), now.steady);
    }
    if (together) park(std::move(together), now.steady);
}

// Takes the changes that `part` names out of `b` into a batch of their own, whose keys follow them.
std::unique_ptr<batch> engine::split_off(batch& b, const std::vector<bool>& part) {
    auto other = std::make_unique<batch>();
    other->id = next_batch_++;
    other->assertion = b.assertion;
    other->bisected = b.bisected;
    other->accepted_newest = b.accepted_newest;
    other->refused_with = b.refused_with;
    other->refused_alone = b.refused_alone;
    other->refused_alone_since = b.refused_alone_since;
    other->refused_alone_at = b.refused_alone_at;
    other->forbidden_at = b.forbidden_at;
    other->locked = b.locked;
    other->locked_since = b.locked_since;
    other->accepted_locked = b.accepted_locked;
    other->accepted_before = b.accepted_before;
    other->accepted_unresolved = b.accepted_unresolved;
    other->attempt = b.attempt;
    other->cost = b.cost;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < b.changes.size(); ++i) {
        if (part[i]) {
            lanes_.move(b.hashes[i], other->id, false);
            other->add(std::move(b.changes[i]), b.hashes[i], b.answered_otherwise[i]);
        } else {
            if (kept != i) {
                b.changes[kept] = std::move(b.changes[i]);
                b.hashes[kept] = b.hashes[i];
                b.answered_otherwise[kept] = b.answered_otherwise[i];
            }
            ++kept;
        }
    }
    b.changes.resize(kept);
    b.hashes.resize(kept);
    b.answered_otherwise.resize(kept);
    batches_.add(*other);
    return other;
}

// An assertion without a clear answer: its keys keep their duty and are asserted again in their time.
void engine::drop_assertion(const batch& b, base::moment now) {
    for (const consent::key_hash hash : b.hashes) {
        late_.postpone(hash, even_wall(now) + settings_->retry.max);
        free_key(hash);
    }
    batches_.remove(b);
}

const consent::change* engine::find_in_batch(ledger::batch_id id, consent::place place) const {
    const batch* const found = batches_.find(id);
    if (!found) return nullptr;
    for (const consent::change& c : found->changes)
        if (c.id == place) return &c;
    return nullptr;
}

}  // namespace consent_sync::delivery
