#include "delivery/outcome.hpp"

#include <algorithm>

#include "consent/address.hpp"
#include "delivery/backoff.hpp"
#include "hubspot/explain.hpp"

namespace consent_sync::delivery {
namespace {

using hubspot::answer_kind;
using hubspot::change_outcome;

constexpr std::uint32_t circuit_threshold = 5;           // failures in a row, over all batches, that open the circuit
constexpr std::uint32_t alone_tries_max = 2;             // answers that may leave out a change that was sent alone
constexpr std::chrono::hours given_up_after{24};         // a change that alone is refused, never named, or locked
constexpr base::milliseconds named_again_after{10'000};  // or retry.max, if that is less
constexpr base::milliseconds locked_wait{2'000};         // 423: HubSpot's locks last 2 s
constexpr std::uint32_t locked_growth_max = 5;           // doublings
constexpr std::size_t locked_cut_most = 50;  // batches that wait: if more wait, single changes are not the cause
constexpr base::milliseconds unbelieved_first{5'000}, unbelieved_most{30'000};

// Retry-After of a 5xx or 423 holds its batch, and up to a minute is waited for as told. A longer one is not believed:
// the batch is sent again after some seconds, and then less and less often. `times`: such answers in a row before this.
base::milliseconds wait_told(const hubspot::judgement& j, std::uint32_t times) {
    const auto told = j.retry_after.value_or(base::milliseconds(0));
    return told > silent_wait_max ? std::min(unbelieved_most, unbelieved_first * (1 << std::min(times, 4u))) : told;
}

class decision {
  public:
    decision(const batch& b, const hubspot::judgement& j, const knowledge& k) : b_(b), j_(j), k_(k) {
        out_.items.resize(b.content.size());
        out_.past = b.past;
        out_.retry = b.retry;
        out_.at = k.now.steady;
        out_.failures = k.failures;
        out_.last_look_alike = k.last_look_alike;
        if (j.kind != answer_kind::locked) out_.retry.locked = 0;
    }

    outcome decide() {
        switch (j_.kind) {
            case answer_kind::judged: judged(); break;
            case answer_kind::refused: refused(); break;
            case answer_kind::forbidden: forbidden(); break;
            case answer_kind::too_large: too_large(); break;
            case answer_kind::unclear:
            case answer_kind::unavailable: unanswered(); break;
            case answer_kind::unauthorized: out_.token_refused = k_.token_is_current; break;
            case answer_kind::locked: locked(); break;
            case answer_kind::rate_limited: out_.rate_limited = true; break;
            case answer_kind::scope_missing:
            case answer_kind::misconfigured:
            case answer_kind::daily_limited:
            case answer_kind::moving: stop_for_everybody(); break;
        }
        return std::move(out_);
    }

  private:
    bool alone() const { return b_.content.size() == 1; }
    void all(fate f, std::uint32_t words = 0) {
        for (outcome::item& i : out_.items) i = {f, false, words};
    }
    void use_words_of_answer() {
        out_.words = j_.words;
        if (out_.words.empty()) out_.words.emplace_back();
    }
    void stop(pause_reason reason, std::optional<base::milliseconds> told = std::nullopt) {
        out_.pause = outcome::stop{reason, hubspot::explain(j_), told};
    }
    base::milliseconds backoff() {
        return backoff_delay(k_.settings.retry.initial, k_.settings.retry.max, out_.retry.failures, k_.random);
    }
    void settles_nothing() { ++out_.failures; }
    bool circuit_opens() const { return out_.failures >= circuit_threshold; }

    void judged();
    void left_unnamed();
    bool answers_to_it();
    void unnamed_alone(bool answered_to, bool others_settled);
    void refused();
    bool proven_by_time(bool named) const;
    bool known_refusal() const { return b_.past.alone > 0 || refused_before(b_); }
    void forbidden();
    void too_large();
    void locked();
    void unanswered();
    void give_up();
    void stop_for_everybody();

    const batch& b_;
    const hubspot::judgement& j_;
    const knowledge& k_;
    outcome out_;
};

void decision::judged() {
    const bool accepts = std::any_of(j_.changes.begin(), j_.changes.end(),
                                     [](const auto& c) { return c.outcome == change_outcome::confirmed; });
    const bool proven = accepts || b_.assertion || proven_bad(b_) || proven_by_time(true);
    out_.words = j_.words;
    for (std::size_t i = 0; i < out_.items.size(); ++i) {
        outcome::item& item = out_.items[i];
        const hubspot::change_judgement& how = j_.changes[i];
        item.words = how.words;
        switch (how.outcome) {
            case change_outcome::confirmed: item.what = fate::confirmed; break;
            case change_outcome::rejected: item.what = proven ? fate::rejected : fate::suspected; break;
            case change_outcome::other_status:
                if (!b_.assertion && !b_.content.answered_otherwise(i)) {
                    item.answered_otherwise = true;
                    break;
                }
                item.what = fate::rejected;
                out_.words.push_back(
                    {"STATUS_NOT_APPLIED", how.words ? j_.words[how.words - 1].message : std::string()});
                item.words = static_cast<std::uint32_t>(out_.words.size());
                break;
            case change_outcome::unresolved: break;
        }
    }
    out_.may_land_later = true;
    out_.accepted = accepts;
    if (b_.assertion) {
        out_.then = onward::drop;
        return;
    }
    if (out_.count(fate::open) == out_.items.size()) return left_unnamed();
    out_.about_content = true;
    out_.failures = 0;
    out_.retry = {};
    out_.past.cut = true;
    if (out_.count(fate::suspected) > 0) {
        out_.refusal = true;
        out_.known_refusal = known_refusal();
    }
}

// A 2xx that settles none of the changes: they are sent again in smaller batches, in the end alone. From the second
// such answer on, a change that was sent alone does not count among the failures. Neither do changes whose addresses
// have several spellings, nor the last few of a batch, if HubSpot answers to them: a problem that concerns everything
// shows in the answers to other batches.
void decision::left_unnamed() {
    const bool answered_to = answers_to_it();
    const auto& changes = b_.content.changes();
    const bool spelled = answered_to && std::none_of(changes.begin(), changes.end(), [](const consent::change& c) {
                             return consent::is_plain_address(c.subscriber);
                         });
    // Since its last try: HubSpot is well, and where little is sent few are on their way at the same moment.
    const bool others_settled = k_.accepted.count > b_.past.accepted_unresolved;
    out_.past.accepted_unresolved = k_.accepted.count;
    const bool few = answered_to && b_.past.cut && b_.content.size() < circuit_threshold;
    const bool own_trouble = spelled || few || (alone() && b_.retry.unnamed_alone > 0);
    if (!own_trouble) {
        settles_nothing();
        if (circuit_opens())
            out_.pause = outcome::stop{
                pause_reason::outage,
                "HubSpot's answers prove nothing of any of the changes that were sent, so they are sent again. See what "
                "answers in its place: hubspot.base_url, hubspot.proxy",
                std::nullopt};
    }
    ++out_.retry.failures;
    out_.at += backoff();
    if (alone()) return unnamed_alone(answered_to, others_settled);
    if (!others_settled && (k_.held.any() || out_.pause)) return;
    out_.past.cut = true;
    out_.then = onward::halves;
}

// Whether an answer that names no change of the batch answers to it nevertheless: it has a result for each change that
// is as asked except for the address. One address for different changes does not count.
bool decision::answers_to_it() {
    if (j_.look_alikes < b_.content.size()) return false;
    if (!alone()) return true;
    const look_alike& last = k_.last_look_alike;
    out_.last_look_alike = {j_.look_alike, b_.content.hash(0)};
    return !(last.first == j_.look_alike && last.second != b_.content.hash(0));
}

void decision::unnamed_alone(bool answered_to, bool others_settled) {
    retries& r = out_.retry;
    if (b_.retry.unnamed_alone == 0) r.unnamed_since = k_.now.steady;
    if (others_settled && ++r.unresolved_alone >= alone_tries_max) return give_up();
    if (k_.now.steady - r.unnamed_since >= given_up_after) return give_up();
    const bool outage =
        k_.held.find(pause_reason::outage) || (out_.pause && out_.pause->reason == pause_reason::outage);
    if (outage) return;
    const std::uint32_t tries = std::max(k_.settings.retry.max_attempts, alone_tries_max);
    const bool used_up = ++r.unnamed_alone >= tries;
    const bool well =
        answered_to || k_.accepted.count > b_.past.accepted_before;  // HubSpot is, as far as anybody knows
    if (used_up && well) return give_up();
    if (r.unnamed_alone == tries) out_.notice = "changes.unnamed";
}

void decision::refused() {
    use_words_of_answer();
    out_.about_content = true;
    out_.failures = 0;
    out_.retry.failures = 0;
    out_.past.cut = true;
    if (alone() && (b_.assertion || proven_bad(b_))) {
        all(fate::rejected, 1);
        out_.then = onward::drop;
        return;
    }
    out_.refusal = true;
    out_.known_refusal = known_refusal();
    if (alone()) return all(proven_by_time(!j_.suspects.empty()) ? fate::rejected : fate::suspected, 1);
    out_.then = onward::cut;
}

// If nothing else is left to send, no acceptance can prove anything. Then a change is bad that HubSpot names again some
// seconds later, or refuses for a day.
bool decision::proven_by_time(bool named) const {
    if (b_.past.alone == 0 || !k_.nothing_else || k_.held.find(pause_reason::configuration)) return false;
    const auto since = k_.now.steady - b_.past.alone_at;
    const auto again = std::min(k_.settings.retry.max, named_again_after);
    return since >= given_up_after || (named && b_.past.named && since >= again);
}

// A 403 that is not HubSpot's own: of an edge that dislikes what the batch carries, if it comes again although HubSpot
// has accepted others since; until then it may be about everything.
void decision::forbidden() {
    const bool again = b_.past.forbidden_at && k_.accepted.count > *b_.past.forbidden_at;
    out_.past.forbidden_at = k_.accepted.count;
    if (again) return refused();
    if (alone() && b_.past.alone_since == 0) out_.past.alone_since = k_.next_attempt;
    if (b_.assertion) {
        use_words_of_answer();
        if (alone()) all(fate::rejected, 1);
        out_.past.cut = true;
        out_.then = alone() ? onward::drop : onward::cut;
        return;
    }
    if (k_.accepted.count > b_.last.accepted_at_begin)
        out_.at += k_.settings.retry.initial;
    else
        stop_for_everybody();
}

void decision::too_large() {
    if (alone()) return refused();
    out_.too_large = true;
    out_.then = onward::halves;
}

// 423: HubSpot's lock is about this batch and lasts 2 s. One that lasts is looked at ever more rarely, at least once a
// minute. When it lasts longer than a minute it is a pause, if nothing else is accepted meanwhile; else it is about
// some change of this batch, which is cut until only that one waits, for a day at most.
void decision::locked() {
    retries& r = out_.retry;
    if (r.locked == 0) {
        r.locked_since = k_.now.steady;
        r.accepted_locked = k_.accepted.count;
    }
    const base::milliseconds grown = locked_wait * (1 << std::min(r.locked, locked_growth_max));
    const auto wait =
        std::max({locked_wait, std::min({grown, k_.settings.retry.max, silent_wait_max}), wait_told(j_, r.locked)});
    ++r.locked;
    const bool lasts = k_.now.steady + wait - r.locked_since > silent_wait_max;
    const bool others = k_.accepted.count > r.accepted_locked && k_.accepted.within_a_minute(k_.now.steady);
    if (b_.assertion && (lasts || k_.held.find(pause_reason::locked))) out_.then = onward::drop;
    if (k_.held.find(pause_reason::locked) || (lasts && !others)) return stop(pause_reason::locked);
    if (!lasts || k_.waiting >= locked_cut_most || out_.then == onward::drop) {
        out_.at += wait;
    } else if (!alone()) {
        out_.then = onward::halves;
    } else if (k_.now.steady - r.locked_since >= given_up_after) {
        give_up();
    } else {
        out_.at += wait;
        if (!std::exchange(r.told_locked, true)) out_.notice = "changes.locked";
    }
}

// No answer, a 5xx, or an answer that cannot be read: HubSpot may have applied it, or may yet.
void decision::unanswered() {
    out_.may_land_later = true;
    // HubSpot did not fail. The batch is sent again at once, on a new connection. Both are on record, pay the limiter
    // and leave a duty, for HubSpot may have received both.
    if (b_.last.on_new_connection) {
        out_.connection_died = true;
        return;
    }
    settles_nothing();
    const bool long_one = j_.retry_after > silent_wait_max;
    if (circuit_opens() || (long_one && !k_.accepted.within_a_minute(k_.now.steady)) ||
        k_.held.find(pause_reason::outage))
        stop(pause_reason::outage, long_one ? j_.retry_after : std::nullopt);
    if (b_.assertion) {
        out_.then = onward::drop;
        return;
    }
    retries& r = out_.retry;
    ++r.failures;
    if (k_.accepted.count > b_.last.accepted_at_begin) ++r.cost;
    out_.at += std::max(backoff(), wait_told(j_, r.failures - 1));
    if (r.cost < k_.settings.retry.max_attempts) return;
    if (alone()) return give_up();
    r.cost = k_.settings.retry.max_attempts / 2;  // the halves have fewer tries: the whole has used its own up
    out_.past.cut = true;
    out_.then = onward::halves;
}

void decision::give_up() {
    out_.words = {{"UNCONFIRMED", "no answer of HubSpot named this change with the status that was asked for, in " +
                                      std::to_string(b_.attempts) + " attempts of its last batch"}};
    all(fate::unconfirmed, 1);
    out_.then = onward::drop;
}

// The batch is not the cause: nothing is sent until the cause is gone.
void decision::stop_for_everybody() {
    out_.failures = 0;
    if (b_.assertion) out_.then = onward::drop;
    switch (j_.kind) {
        case answer_kind::scope_missing:
        case answer_kind::forbidden: return stop(pause_reason::scope);
        case answer_kind::daily_limited: return stop(pause_reason::daily_limit);
        case answer_kind::moving: return stop(pause_reason::moving, j_.retry_after);
        default: return stop(pause_reason::configuration);
    }
}

}  // namespace

std::size_t outcome::count(fate f) const {
    return static_cast<std::size_t>(
        std::count_if(items.begin(), items.end(), [f](const item& i) { return i.what == f; }));
}

outcome decide(const batch& b, const hubspot::judgement& j, const knowledge& k) { return decision(b, j, k).decide(); }

// No one moment in which HubSpot refuses everything explains both of two refusals with an acceptance between them. The
// first may be that of a batch of which all others were accepted since. And it explains no refusal that names this
// change, where others of that batch were accepted without it.
bool proven_bad(const batch& b) {
    if (b.content.empty()) return false;
    if (b.past.alone_since != 0 && b.last.accepted_newest >= b.past.alone_since) return true;
    for (const refusal* r = b.past.refused.get(); r; r = r->of.get()) {
        if (r->accepted + 1 == r->size && b.last.accepted_newest >= r->since) return true;
        if (r->unnamed_accepted > 0 && !r->unexplained && r->names(b.content[0].id)) return true;
    }
    return false;
}

bool refused_before(const batch& b) {
    if (b.past.alone_since != 0 && b.last.accepted_newest >= b.past.alone_since) return true;
    const refusal* r = b.past.refused.get();
    while (r && r->of) r = r->of.get();  // the oldest
    return r && b.last.accepted_newest >= r->since;
}

std::string refuses_everything(const std::string& hubspot_words) {
    return "HubSpot refuses every change, and accepted none: nothing gets a verdict for that, the rows stay unsent. Check the "
           "subscription ids, the account of the token and hubspot.path; the answer: \"" +
           hubspot_words + "\"";
}

}  // namespace consent_sync::delivery
