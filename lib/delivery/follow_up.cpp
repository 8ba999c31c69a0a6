#include "delivery/follow_up.hpp"

#include <algorithm>
#include <random>

namespace consent_sync::delivery {
namespace {

constexpr std::size_t parts_of_refused = 4;  // half as many refusals as in halves, for the same number of requests

}  // namespace

void follow_up::go_on(batch& b, const hubspot::judgement& j, const outcome& o, const progress& accepted,
                      ledger::attempt_id next, base::moment now) {
    if (o.accepted) {
        refusals_.accepted();
        refuses_everything_ = false;
    }
    const std::size_t suspects = o.count(fate::suspected), left = suspects + o.count(fate::open);
    if (o.refusal) count(b, o, o.words.empty() ? hubspot::refusal_words{} : o.words.front(), now);
    if (!o.notice.empty()) tell_of(b, o.notice);
    if (left == 0 || (b.assertion && o.then == onward::drop)) {
        outgoing_.end(b);
    } else {
        std::vector<hubspot::refusal_words> words;
        std::vector<bool> settled(o.items.size(), false), suspected;
        for (std::size_t i = 0; i < o.items.size(); ++i) {
            const outcome::item& item = o.items[i];
            settled[i] = item.what != fate::open && item.what != fate::suspected;
            if (item.answered_otherwise) b.content.answer_otherwise(i);
            if (settled[i]) continue;
            suspected.push_back(item.what == fate::suspected);
            if (suspected.back()) words.push_back(item.words ? o.words[item.words - 1] : hubspot::refusal_words{});
        }
        b.content.take(settled);
        b.past = o.past;
        b.retry = o.retry;
        batch* open = &b;
        if (suspects > 0) {
            batch* apart = suspects == left ? &b : &outgoing_.split(b, suspected);
            open = suspects == left ? nullptr : &b;
            for (; apart->content.size() > 1; words.pop_back())
                suspect(outgoing_.split_last(*apart), words.back(), j, next, now);
            suspect(*apart, words.front(), j, next, now);
        }
        if (open) switch (o.then) {
                case onward::again:
                case onward::drop: wait(*open, o.at); break;
                case onward::halves: split_and_wait(*open, 2, o.at); break;
                case onward::cut: cut(*open, j, next, now); break;
            }
    }
    if (std::exchange(explained_less_, false) || o.accepted) review(accepted.newest, now);
}

void follow_up::wait(batch& b, base::steady_time not_before) {
    lane_effects effects;
    outgoing_.wait(b, not_before, effects);
    apply(std::move(effects));
}

bool follow_up::set_aside(batch& b) {
    lane_effects effects;
    const bool any = outgoing_.set_aside(b, effects);
    apply(std::move(effects));
    return any;
}

void follow_up::split_and_wait(batch& b, std::size_t parts, base::steady_time at) {
    for (; parts > 1 && b.content.size() > 1; --parts) {
        const std::size_t size = b.content.size();
        std::vector<bool> part(size, false);
        std::fill(part.begin() + static_cast<std::ptrdiff_t>(size - size / parts), part.end(), true);
        if (size / parts > 0) wait(outgoing_.split(b, part), at);
    }
    wait(b, at);
}

// --- refused batches

// Opt-outs apart from the others; what HubSpot names apart from the rest; else in parts, some changes kept back.
void follow_up::cut(batch& b, const hubspot::judgement& j, ledger::attempt_id next, base::moment now) {
    note_refusal(b, j, next);
    const std::size_t size = b.content.size();
    const bool names_some = !j.suspects.empty() && j.suspects.size() < size;
    if (names_some && j.suspects.size() == 1 && !b.assertion && !j.words.empty() &&
        !b.content[j.suspects[0]].is_opt_out()) {
        accuse(b, j, next);
        return wait(b, now.steady);
    }
    std::vector<bool> part(size, false);
    if (names_some) {  // they go alone: each has its own words
        for (const std::uint32_t index : j.suspects) part[index] = true;
        batch& named = outgoing_.split(b, part);
        wait(b, now.steady);
        return split_and_wait(named, named.content.size(), now.steady);
    }
    if (b.content.mixed()) {
        b.past.refused->part_refused = true;  // it says nothing of its size
        for (std::size_t i = 0; i < size; ++i) part[i] = b.content[i].is_opt_out();
        wait(outgoing_.split(b, part), now.steady);
        return wait(b, now.steady);
    }
    keep_some_back(b, now);
    split_and_wait(b, parts_of_refused, now.steady);
}

void follow_up::note_refusal(batch& b, const hubspot::judgement& j, ledger::attempt_id next) {
    const std::size_t size = b.content.size();
    std::shared_ptr<refusal>& refused = b.past.refused;
    const bool same = refused && refused->size == size && refused->accepted == 0;  // it is refused once more
    if (refused) {
        refused->part_refused = refused->part_refused || !same;
        if (j.suspects.empty() || j.suspects.size() == size) names_explain_nothing(*refused);
    }
    if (!same) {
        auto whole = std::make_shared<refusal>();
        whole->since = next;
        whole->size = size;
        whole->of = refused;
        refused = std::move(whole);
    }
    if (j.suspects.size() < size)
        for (const std::uint32_t index : j.suspects) refused->name(b.content[index].id);
}

// The rest, without the changes that HubSpot named, was refused as well.
void follow_up::names_explain_nothing(refusal& refused) {
    for (refusal* r = &refused; r; r = r->of.get())
        if (!r->named.empty() && !std::exchange(r->unexplained, true)) explained_less_ = true;
}

// HubSpot names one change of several: it waits for the answer to the others. A named opt-out does not wait, since it
// must never wait for opt-ins.
void follow_up::accuse(batch& b, const hubspot::judgement& j, ledger::attempt_id next) {
    std::vector<bool> part(b.content.size(), false);
    part[j.suspects[0]] = true;
    batch& named = outgoing_.split(b, part);
    named.past.alone_since = next;
    named.past.words = j.words.front();
    named.past.correlation_id = j.correlation_id;
    named.past.named = true;
    if (set_aside(named)) refusals_.suspect(named);
}

// Up to half of them.
void follow_up::keep_some_back(batch& b, base::moment now) {
    if (b.assertion || pace_.held().find(pause_reason::configuration)) return;
    for (std::size_t wanted = b.content.size() / 2; wanted > 0 && refusals_.may_keep(); --wanted) {
        std::vector<bool> one(b.content.size(), false);
        one[std::uniform_int_distribution<std::size_t>(0, one.size() - 1)(random_)] = true;
        batch& kept = outgoing_.split(b, one);
        if (set_aside(kept)) refusals_.keep(kept, now.steady);
    }
}

void follow_up::suspect(batch& b, const hubspot::refusal_words& words, const hubspot::judgement& j,
                        ledger::attempt_id next, base::moment now) {
    if (b.past.alone++ == 0) b.past.alone_at = now.steady;
    if (b.past.alone_since == 0) {
        b.past.alone_since = next;
        if (b.past.refused && !b.past.refused->names(b.content[0].id)) names_explain_nothing(*b.past.refused);
    }
    b.past.words = words;
    b.past.correlation_id = j.correlation_id;
    b.past.named = j.kind == hubspot::answer_kind::judged || !j.suspects.empty();
    b.past.cut = true;
    if (pace_.held().find(pause_reason::configuration)) return wait(b, now.steady);  // everything is refused
    if (set_aside(b)) refusals_.suspect(b);
}

void follow_up::count(const batch& b, const outcome& o, const hubspot::refusal_words& words, base::moment now) {
    last_words_ = words.message;
    refusals_.refused(o.known_refusal, now.steady);
    const bool paused = pace_.held().find(pause_reason::configuration);
    if (!paused && refusals_.everything_refused(now.steady, false)) return pause_refusing(b.last.probe, now);
    if (!paused) return;
    // One bad row must not delay the next probe by minutes: another probe, with other rows, follows at once.
    if (refuses_everything_ && b.last.probe && outgoing_.asks_once_more())
        pace_.held().probe_by(pause_reason::configuration, now.steady);
    else
        pace_.pause(pause_reason::configuration, delivery::refuses_everything(last_words_), b.last.probe, now,
                    std::nullopt, out_);
}

// HubSpot refuses everything: no row gets a verdict for that reason. All wait until HubSpot accepts something.
void follow_up::pause_refusing(bool by_probe, base::moment now) {
    pace_.pause(pause_reason::configuration, delivery::refuses_everything(last_words_), by_probe, now, std::nullopt,
                out_);
    bring_back(refusals_.take_suspects(), false, now);
    bring_back(refusals_.take_kept(base::steady_time::max()), false, now);
    refuses_everything_ = true;
}

// --- suspects, and what is kept back

void follow_up::review(ledger::attempt_id newest, base::moment now) {
    const refusals::review r = refusals_.look_again(newest);
    for (batch* b : r.bad) {
        verdicts_.reject(*b);
        outgoing_.end(*b);
    }
    for (batch* b : r.again) wait(*b, now.steady);
    bring_back(r.together, true, now);
}

// Single changes are sent in batches again, so that good ones cost few requests.
void follow_up::bring_back(const std::vector<batch*>& single, bool cut, base::moment now) {
    for (batch* b : outgoing_.join(single, cut)) wait(*b, now.steady);
}

void follow_up::watch(bool nothing_else, bool rows_came, base::milliseconds unit, base::moment now) {
    // New rows may be accepted, and somebody may have dropped them to see whether the problem is solved.
    if (rows_came && refuses_everything_) pace_.probe_for_new(pause_reason::configuration, now);
    bring_back(refusals_.take_kept(now.steady), true, now);
    if (!nothing_else) return refusals_.something_else_to_do();
    if (refusals_.kept() > 0) {  // what it accepts of these decides about the suspects
        if (refusals_.suspected() > 0) return wait(*refusals_.take_one_kept(), now.steady);
        return bring_back(refusals_.take_kept(base::steady_time::max()), true, now);
    }
    if (refusals_.suspected() == 0) return refusals_.something_else_to_do();
    if (refusals_.everything_refused(now.steady, true) && !pace_.held().find(pause_reason::configuration))
        return pause_refusing(false, now);
    const std::size_t suspects = refusals_.suspected();
    const std::vector<batch*> again = refusals_.try_again(now.steady, unit);
    const bool unnamed = std::any_of(again.begin(), again.end(), [](const batch* b) { return !b->past.named; });
    for (batch* b : again) wait(*b, now.steady);
    if (unnamed && refusals_.undecided())
        out_.tell(
            base::level::error, "refusals.undecided",
            {{"changes", suspects},
             {"words",
              "HubSpot refuses the only changes there are and does not name them: whether they are bad or HubSpot is in "
              "trouble shows when it accepts others. They are sent again until then, and rejected after a day"}});
}

std::optional<base::steady_time> follow_up::next_watch(bool nothing_else) const {
    std::optional<base::steady_time> next = refusals_.next_kept();
    const auto sooner = [&next](std::optional<base::steady_time> t) {
        if (t) next = next ? std::min(*next, *t) : *t;
    };
    if (!nothing_else) return next;
    sooner(refusals_.tries_again_at());
    if (refusals_.suspected() > 0 && !pace_.held().find(pause_reason::configuration)) sooner(refusals_.doubt_ends());
    return next;
}

void follow_up::tell_of(const batch& b, std::string_view event) {
    const char* const words =
        event == "changes.locked"
            ? "HubSpot has locked what this change is about for more than a minute, and accepts others meanwhile. It is "
              "sent again once a minute, and unconfirmed after a day"
            : "HubSpot answers, and never names this change; it accepted nothing else since this was sent first, so "
              "nobody can tell what is wrong. It is sent again until HubSpot accepts others, and unconfirmed after a day";
    out_.tell(base::level::warn, event,
              {{"file", consent::format_file_id(b.content[0].id.arrival())},
               {"row", b.content[0].id.row()},
               {"words", words}});
}

void follow_up::apply(lane_effects&& effects) {
    while (true) {
        lane_effects more;
        for (const superseded_change& lost : effects.superseded) verdicts_.supersede(lost);
        for (const auto& in_batch : effects.superseded_in_batch) {
            std::optional<superseded_change> lost;
            batch* empty = outgoing_.lose(in_batch, more, lost);
            if (lost) verdicts_.supersede(*lost);
            if (!empty) continue;
            refusals_.forget(*empty);
            outgoing_.end(*empty);
        }
        for (const auto& [hash, place] : effects.deferred) out_.step.deferred.emplace_back(hash, place);
        for (const consent::key_hash hash : effects.through) late_.look_again(hash);
        for (const consent::key_hash hash : effects.wanted) {
            fetch_request& request = out_.fetches.emplace_back();
            request.what = fetch_request::kind::deferred;
            request.hash = hash;
            request.most = outgoing_.bounds().deferred_fetch_most;
        }
        const bool again = !more.superseded.empty() || !more.superseded_in_batch.empty() || !more.deferred.empty() ||
                           !more.wanted.empty() || !more.through.empty();
        if (!again) return;
        effects = std::move(more);
    }
}

}  // namespace consent_sync::delivery
