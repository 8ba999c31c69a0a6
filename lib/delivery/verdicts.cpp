// The ends of changes: how a verdict is written down, and what becomes of a batch that is split or given up.
#include <algorithm>

#include "delivery/engine.hpp"
#include "delivery/words.hpp"

namespace consent_sync::delivery {
namespace {

constexpr std::size_t suspects_believed_max = 2;  // so many refusals in a row may be the rows' own fault

}  // namespace

void engine::free_key(consent::key_hash hash) { pending_released_.push_back(hash); }

void engine::confirm(const batch& b, std::size_t index, const hubspot::change_judgement& how, base::moment) {
    const consent::change& c = b.changes[index];
    late_.confirmed(c, b.hashes[index], even_wall(b.begun), pending_);
    free_key(b.hashes[index]);
    if (b.assertion) return;
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
        if (!late_.refused_again(c, b.hashes[index], accepted_, pending_))
            late_.postpone(b.hashes[index], even_wall(now) + settings_->retry.late_write_window);
        return;
    }
    late_.rejected(c, b.hashes[index], pending_);
    ledger::settled_change end;
    end.id = c.id;
    end.attempt = b.attempt;
    end.verdict = consent::verdict::rejected;
    end.reason = ledger::reason{words.category.empty() ? "REFUSED" : words.category, words.message, correlation_id, {}};
    note_settled(std::move(end), !c.is_opt_out());
}

// Every try of these changes is used up without proof.
void engine::give_up(owned b, base::moment) {
    for (std::size_t i = 0; i < b->changes.size(); ++i) {
        ledger::settled_change end;
        end.id = b->changes[i].id;
        end.attempt = b->attempt;
        end.verdict = consent::verdict::unconfirmed;
        end.reason = ledger::reason{"UNCONFIRMED",
                                    "no answer of HubSpot named this change with the status that was asked for, in " +
                                        std::to_string(b->attempts) + " attempts of its last batch",
                                    "",
                                    {}};
        free_key(b->hashes[i]);
        note_settled(std::move(end), !b->changes[i].is_opt_out());
    }
    refusals_.root_shrinks(b->root, b->changes.size());
    batches_.erase(b->id);
}

// What was refused alone is bad by itself.
void engine::reject_suspects(base::moment now) {
    for (refusals::suspect& s : refusals_.take_all()) {
        reject(*s.of, 0, s.words, s.correlation_id, now);
        batches_.erase(s.of->id);
    }
}

// A change that HubSpot refused alone, while it accepted nothing else.
void engine::suspect(owned b, const hubspot::refusal_words& words, const std::string& correlation_id,
                     base::moment now) {
    if (pauses_.find(pause_reason::configuration)) return park(std::move(b), now.steady);  // everything is refused
    b->suspected = true;
    b->stage = batch_stage::waiting;
    lanes_.move(b->hashes[0], b->id, true);
    refusals_.root_refused(b->root, 1);
    refusals_.add({std::move(b), words, correlation_id});
}

// An answer that refuses change by change, and accepts none.
void engine::suspect_each(batch& b, const hubspot::judgement& j, const std::vector<bool>& doubted, base::moment now) {
    refusals_.root_refused(b.root, b.changes.size());
    owned apart = split_off(b, doubted);
    std::vector<hubspot::refusal_words> words;
    for (std::size_t i = 0; i < doubted.size(); ++i)
        if (doubted[i])
            words.push_back(j.changes[i].words ? j.words[j.changes[i].words - 1] : hubspot::refusal_words{});
    if (pauses_.find(pause_reason::configuration)) {
        pause(pause_reason::configuration, refuses_everything(words.front().message), now);
        return park(std::move(apart), now.steady);
    }
    while (apart->changes.size() > 1) {
        std::vector<bool> last(apart->changes.size(), false);
        last.back() = true;
        suspect(split_off(*apart, last), words.back(), j.correlation_id, now);
        words.pop_back();
    }
    suspect(std::move(apart), words.front(), j.correlation_id, now);
}

bool engine::nothing_else_to_do() const {
    return open_.empty() && waiting_[0].empty() && waiting_[1].empty() && !fetching_bulk_ && !fetching_opt_outs_ &&
           opt_out_ranges_.empty() && !bulk_more_ && lanes_.ready(lane::opt_out) == 0 && lanes_.ready(lane::bulk) == 0;
}

void engine::settle_suspects(base::moment now) {
    if (refusals_.everything_refused())
        send_suspects_again(now);
    else if (refusals_.any() && nothing_else_to_do())
        reject_suspects(now);
}

// HubSpot refuses everything: no row gets a verdict for that, all wait until it accepts something.
void engine::send_suspects_again(base::moment now) {
    std::vector<refusals::suspect> suspects = refusals_.take_all();
    const std::string words = suspects.empty() ? std::string() : suspects.back().words.message;
    pause(pause_reason::configuration, refuses_everything(words), now);
    send_together(std::move(suspects), {}, now);
    refusals_.forget();
}

// HubSpot accepts other changes again. A few that it refused alone meanwhile are bad by themselves. Many may have met a
// moment in which it refused everything: they go once more, and whom it refuses now that is to blame itself.
void engine::judge_suspects(base::moment now) {
    if (refusals_.suspected() <= suspects_believed_max) return reject_suspects(now);
    send_together(refusals_.take_all(), accepted_ - 1, now);
}

// Suspects as they were before they were alone: what was refused for no fault of its own costs few requests again.
// `accepted_before`: of batches that have been looked at, so that whoever is refused in them is rejected.
void engine::send_together(std::vector<refusals::suspect>&& suspects, std::optional<std::uint64_t> accepted_before,
                           base::moment now) {
    owned together;
    for (refusals::suspect& s : suspects) {
        batch& alone = *s.of;
        if (!together) {
            together = std::make_unique<batch>();
            together->id = together->root = next_batch_++;
            together->bisected = accepted_before.has_value();
            together->accepted_before = accepted_before.value_or(0);
            batches_[together->id] = together.get();
        }
        lanes_.move(alone.hashes[0], together->id, true);
        together->add(std::move(alone.changes[0]), alone.hashes[0], alone.answered_otherwise[0]);
        batches_.erase(alone.id);
        if (together->changes.size() >= batch_limit_) park(std::move(together), now.steady);
    }
    if (together) park(std::move(together), now.steady);
}

// Takes the changes that `part` names out of `b` into a batch of their own, whose keys follow them.
std::unique_ptr<batch> engine::split_off(batch& b, const std::vector<bool>& part) {
    auto other = std::make_unique<batch>();
    other->id = next_batch_++;
    other->root = b.root;
    other->assertion = b.assertion;
    other->bisected = b.bisected;
    other->accepted_before = b.accepted_before;
    other->forbidden_at = b.forbidden_at;
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
    batches_[other->id] = other.get();
    return other;
}

// An assertion without a clear answer: its keys keep their duty and are asserted again in their time.
void engine::drop_assertion(const batch& b, base::moment now) {
    for (const consent::key_hash hash : b.hashes) {
        late_.postpone(hash, even_wall(now) + settings_->retry.max);
        free_key(hash);
    }
    batches_.erase(b.id);
}

const consent::change* engine::find_in_batch(ledger::batch_id id, consent::place place) const {
    const auto found = batches_.find(id);
    if (found == batches_.end()) return nullptr;
    for (const consent::change& c : found->second->changes)
        if (c.id == place) return &c;
    return nullptr;
}

}  // namespace consent_sync::delivery
