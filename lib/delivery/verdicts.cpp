#include "delivery/verdicts.hpp"

#include <memory>

#include "base/redact.hpp"

namespace consent_sync::delivery {
namespace {

std::shared_ptr<const ledger::reason> reason_of(const hubspot::refusal_words& words,
                                                const std::string& correlation_id) {
    return std::make_shared<const ledger::reason>(
        ledger::reason{words.category.empty() ? "REFUSED" : words.category, words.message, correlation_id, {}});
}

}  // namespace

base::wall_time verdicts::even_wall(base::moment now) const {
    return started_.wall + std::chrono::duration_cast<base::wall_time::duration>(now.steady - started_.steady);
}

void verdicts::write(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, const outcome& o,
                     base::moment now) {
    end_attempt(b, a, j, o, now);
    if (b.assertion) return;
    for (std::size_t i = 0; i < o.items.size(); ++i) {
        const outcome::item& item = o.items[i];
        const consent::change& c = b.content[i];
        const consent::key_hash hash = b.content.hash(i);
        if (o.may_land_later && (item.what == fate::open || item.what == fate::unconfirmed))
            late_.unanswered(c, hash, even_wall(now), out_.step);
        if (item.what == fate::open || item.what == fate::suspected) continue;
        const hubspot::refusal_words words = item.words ? o.words[item.words - 1] : hubspot::refusal_words{};
        ledger::settled_change end;
        end.id = c.id;
        end.attempt = b.last.id;
        switch (item.what) {
            case fate::confirmed:
                late_.confirmed(c, hash, even_wall(b.last.begun), out_.step);
                if (b.past.refused) b.past.refused->accept(c.id);
                end.success = j.changes[i].reason;
                end.hubspot_time_ms = j.changes[i].hubspot_time_ms;
                break;
            case fate::rejected:
                late_.rejected(c, hash, out_.step);
                end.verdict = consent::verdict::rejected;
                end.reason = reason_of(words, j.correlation_id);
                break;
            default:
                end.verdict = consent::verdict::unconfirmed;
                end.reason = reason_of(words, "");
                break;
        }
        out_.free_keys.push_back(hash);
        settle(c, std::move(end));
    }
}

void verdicts::end_attempt(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, const outcome& o,
                           base::moment now) {
    ledger::attempt_end end;
    end.id = b.last.id;
    end.ended_at = now.wall;
    end.outcome = a.failure ? hubspot::name(*a.failure) : hubspot::name(j.kind);
    end.status = a.status;
    end.duration = std::chrono::duration_cast<base::milliseconds>(now.steady - b.last.begun.steady);
    end.correlation_id = j.correlation_id;
    const std::size_t confirmed = o.count(fate::confirmed);
    const std::size_t rejected = b.assertion ? 0 : o.count(fate::rejected);
    // Words about rejected changes are theirs; those of an answer that settles nothing are the attempt's.
    const bool of_changes = j.kind == hubspot::answer_kind::judged && confirmed + rejected > 0 && !b.assertion;
    if (!j.words.empty() && !of_changes) {
        end.category = j.words.front().category;
        end.message = j.words.front().message;
    }
    if (confirmed + rejected < o.items.size())
        for (std::size_t i = 0; i < o.items.size(); ++i)
            if (o.items[i].what != fate::confirmed && (b.assertion || o.items[i].what != fate::rejected))
                end.unsettled.push_back(b.content[i].id);
    out_.tell(confirmed == o.items.size() ? base::level::debug : base::level::info, "batch.settled",
              {{"batch", b.id},
               {"attempt", b.attempts},
               {"outcome", end.outcome},
               {"http", end.status},
               {"changes", o.items.size()},
               {"confirmed", confirmed},
               {"rejected", rejected},
               {"unsettled", end.unsettled.size()},
               {"ms", end.duration.count()},
               {"category", base::shown_identifier(end.category)},
               {"correlation_id", base::shown_identifier(end.correlation_id)},
               {"assertion", b.assertion}});
    out_.step.ends.push_back(std::move(end));
}

void verdicts::write_assertion(const batch& b, const outcome& o, base::milliseconds window, base::milliseconds wait,
                               ledger::attempt_id next, base::moment now) {
    for (std::size_t i = 0; i < o.items.size(); ++i) {
        const fate f = o.items[i].what;
        if (f == fate::open && o.then != onward::drop) continue;  // it is sent again
        const consent::change& c = b.content[i];
        const consent::key_hash hash = b.content.hash(i);
        out_.free_keys.push_back(hash);
        if (f == fate::confirmed) {
            late_.confirmed(c, hash, even_wall(b.last.begun), out_.step);
        } else if (f == fate::rejected) {
            // What was accepted once keeps its duty: no older change takes its place.
            if (!late_.refused_again(c, hash, b.last.accepted_newest, next, out_.step))
                late_.postpone(hash, even_wall(now) + window);
        } else {
            if (o.may_land_later) late_.unanswered(c, hash, even_wall(now), out_.step);
            if (!o.accepted) late_.postpone(hash, even_wall(now) + wait);
        }
    }
}

void verdicts::reject(const batch& b) {
    const consent::change& c = b.content[0];
    late_.rejected(c, b.content.hash(0), out_.step);
    out_.free_keys.push_back(b.content.hash(0));
    ledger::settled_change end;
    end.id = c.id;
    end.attempt = b.last.id;
    end.verdict = consent::verdict::rejected;
    end.reason = reason_of(b.past.words, b.past.correlation_id);
    settle(c, std::move(end));
}

void verdicts::supersede(const superseded_change& lost) {
    ledger::settled_change end;
    end.id = lost.change.id;
    end.verdict = consent::verdict::superseded;
    end.reason = std::make_shared<const ledger::reason>(
        ledger::reason{"superseded", "a newer change of the same key went first", "", lost.by});
    settle(lost.change, std::move(end));
}

void verdicts::settle(const consent::change& c, ledger::settled_change&& end) {
    if (!c.is_opt_out()) outgoing_.rows().settled(c.id);
    out_.step.settled.push_back(std::move(end));
}

void verdicts::learn_size(const batch& b, const outcome& o) {
    batch_limit& limit = outgoing_.limit();
    if (o.accepted && limit.accepted(o.items.size()))
        out_.tell(base::level::info, "batch.limit_raised", {{"changes", limit.changes()}});
    bool smaller = o.too_large && limit.too_large(o.items.size());
    for (const refusal* r = o.accepted ? b.past.refused.get() : nullptr; r; r = r->of.get())
        if (r->accepted == r->size && !r->part_refused && !limit.has_accepted(r->size))
            smaller = limit.taken_in_halves(r->size) || smaller;
    if (smaller)
        out_.tell(
            base::level::warn, "batch.limit_halved",
            {{"changes", limit.changes()},
             {"words",
              "HubSpot takes no larger batches, so smaller ones are sent, and a larger one is tried now and then; "
              "batch.max_changes may be set to it"}});
}

}  // namespace consent_sync::delivery
