// What happens to the changes that an answer left without a verdict: they are sent again, together, in parts or alone,
// or wait aside until something proves that they are bad. This carries out the rule for bad rows of README.md;
// refusals.hpp keeps what waits.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "delivery/actions.hpp"
#include "delivery/late_writes.hpp"
#include "delivery/outcome.hpp"
#include "delivery/outgoing.hpp"
#include "delivery/pace.hpp"
#include "delivery/refusals.hpp"
#include "delivery/verdicts.hpp"

namespace consent_sync::delivery {

class follow_up {
  public:
    follow_up(outgoing& outgoing, pace& pace, late_writes& late, verdicts& verdicts, base::random_engine& random,
              output& out)
        : outgoing_(outgoing), pace_(pace), late_(late), verdicts_(verdicts), random_(random), out_(out) {}

    // After an answer. `next`: the attempt that begins next; `accepted`: with this answer.
    void go_on(batch& b, const hubspot::judgement& j, const outcome& o, const progress& accepted,
               ledger::attempt_id next, base::moment now);
    // Handles what waits for an acceptance. `nothing_else`: nothing else is left to send or on the wire.
    void watch(bool nothing_else, bool rows_came, base::milliseconds unit, base::moment now);
    std::optional<base::steady_time> next_watch(bool nothing_else) const;

    void wait(batch& b, base::steady_time not_before);
    // Effects may cause more effects (a freed key lets an opt-out in that supersedes others): until none is left.
    void apply(lane_effects&& effects);

    const refusals& refused() const { return refusals_; }
    bool refuses_everything() const { return refuses_everything_; }

  private:
    void split_and_wait(batch& b, std::size_t parts, base::steady_time at);
    void cut(batch& b, const hubspot::judgement& j, ledger::attempt_id next, base::moment now);
    void note_refusal(batch& b, const hubspot::judgement& j, ledger::attempt_id next);
    void accuse(batch& b, const hubspot::judgement& j, ledger::attempt_id next);
    void names_explain_nothing(refusal& refused);
    void keep_some_back(batch& b, base::moment now);
    void suspect(batch& b, const hubspot::refusal_words& words, const hubspot::judgement& j, ledger::attempt_id next,
                 base::moment now);
    bool set_aside(batch& b);
    void count(const batch& b, const outcome& o, const hubspot::refusal_words& words, base::moment now);
    void pause_refusing(bool by_probe, base::moment now);
    void review(ledger::attempt_id newest, base::moment now);
    void bring_back(const std::vector<batch*>& single, bool cut, base::moment now);
    void tell_of(const batch& b, std::string_view event);

    outgoing& outgoing_;
    pace& pace_;
    late_writes& late_;
    verdicts& verdicts_;
    base::random_engine& random_;
    output& out_;
    refusals refusals_;
    std::string last_words_;           // of a refusal
    bool explained_less_ = false;      // a refusal showed that a named change was not its cause
    bool refuses_everything_ = false;  // the pause `configuration` began for that
};

}  // namespace consent_sync::delivery
