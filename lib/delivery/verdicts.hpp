// Writes down what an answer came to: the end of the attempt, verdicts, and what is owed afterwards, all from the same
// outcome and in the same step.
#pragma once

#include "base/clock.hpp"
#include "delivery/actions.hpp"
#include "delivery/late_writes.hpp"
#include "delivery/outcome.hpp"
#include "delivery/outgoing.hpp"
#include "hubspot/answer.hpp"

namespace consent_sync::delivery {

class verdicts {
  public:
    verdicts(late_writes& late, outgoing& outgoing, output& out) : late_(late), outgoing_(outgoing), out_(out) {}

    void start(base::moment now) { started_ = now; }
    // The wall clock as it was at the start and has gone on evenly since: a jump of it must not end a late-write
    // window.
    base::wall_time even_wall(base::moment now) const;

    void write(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, const outcome& o,
               base::moment now);
    // `window`: of late writes; `next`: the attempt that begins next.
    void write_assertion(const batch& b, const outcome& o, base::milliseconds window, base::milliseconds wait,
                         ledger::attempt_id next, base::moment now);
    void reject(const batch& b);  // of one change, in the words of its last refusal
    void supersede(const superseded_change& lost);
    // HubSpot took all parts of a refused batch, or said that it is too large.
    void learn_size(const batch& b, const outcome& o);

  private:
    void end_attempt(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, const outcome& o,
                     base::moment now);
    void settle(const consent::change& c, ledger::settled_change&& end);

    late_writes& late_;
    outgoing& outgoing_;
    output& out_;
    base::moment started_{};
};

}  // namespace consent_sync::delivery
