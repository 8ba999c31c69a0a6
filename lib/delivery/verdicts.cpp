// The ends of changes: how a verdict is written down, and what becomes of a batch that is split or given up.
#include <algorithm>

#include "delivery/engine.hpp"

namespace consent_sync::delivery {

void engine::free_key(consent::key_hash hash) { pending_released_.push_back(hash); }

void engine::confirm(const batch& b, std::size_t index, const hubspot::change_judgement& how, base::moment) {
    const consent::change& c = b.changes[index];
    late_.confirmed(c, b.hashes[index], b.begun.wall, pending_);
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

void engine::reject(const batch& b, std::size_t index, ledger::attempt_id attempt, const hubspot::refusal_words& words,
                    const std::string& correlation_id) {
    const consent::change& c = b.changes[index];
    late_.rejected(c, b.hashes[index], pending_);
    free_key(b.hashes[index]);
    if (b.assertion) return;
    ledger::settled_change end;
    end.id = c.id;
    end.attempt = attempt;
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
    batches_.erase(b->id);
}

// HubSpot accepts other changes: what it refused alone meanwhile is bad by itself.
void engine::reject_suspects() {
    if (!refusals_.any() && refusals_.open_roots() == 0) return;
    for (refusals::suspect& s : refusals_.take_all()) {
        reject(*s.of, 0, s.attempt, s.words, s.correlation_id);
        batches_.erase(s.of->id);
    }
}

// Nothing is left that could tell a bad change from an API that refuses everything: what it refused is bad.
void engine::reject_suspects_at_the_end() {
    if (!refusals_.any() || refusals_.everything_refused() || pauses_.any()) return;
    const bool work = !open_.empty() || !waiting_[0].empty() || !waiting_[1].empty() || fetching_bulk_ ||
                      fetching_opt_outs_ || !opt_out_ranges_.empty() || bulk_more_ ||
                      lanes_.ready(lane::opt_out) > 0 || lanes_.ready(lane::bulk) > 0;
    if (!work) reject_suspects();
}

// HubSpot refuses everything: no row gets a verdict for that, all wait until it accepts something.
void engine::send_suspects_again(base::moment now) {
    std::vector<refusals::suspect> suspects = refusals_.take_all();
    const std::string words = suspects.empty() ? std::string() : suspects.back().words.message;
    pause(pause_reason::configuration,
          "HubSpot refuses every change, with the words: " + words + " (nothing was accepted; the rows stay unsent)",
          now);
    for (refusals::suspect& s : suspects) {
        s.of->suspected = false;
        s.of->accepted_before = accepted_;
        s.of->bisected = false;
        s.of->root = s.of->id;
        park(std::move(s.of), now.steady);
    }
}

// Takes the changes that `part` names out of `b` into a batch of their own, whose keys follow them.
std::unique_ptr<batch> engine::split_off(batch& b, const std::vector<bool>& part) {
    auto other = std::make_unique<batch>();
    other->id = next_batch_++;
    other->root = b.root;
    other->assertion = b.assertion;
    other->bisected = b.bisected;
    other->accepted_before = b.accepted_before;
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
        late_.postpone(hash, now.wall + settings_->retry.max);
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
