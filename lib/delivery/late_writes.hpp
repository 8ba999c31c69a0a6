// Late writes: keys for which HubSpot may still apply a request that it left unanswered, and what is owed to them.
//
// An unanswered attempt may land at HubSpot minutes later, after a newer change of the key was confirmed, and undo it.
// So a key with an unanswered attempt is *unquiet* until the attempt's end + the window. The duty ends when a
// confirmed attempt of the key's newest attempted, not rejected change began after that: an ordinary one, or an
// *assertion*, the same change sent again. Three cases need no assertion when the window has passed:
//   - the newest change itself is confirmed and only its own attempts are unanswered: whatever lands is that change;
//   - every attempted change was rejected, and no older opt-out of the key was confirmed. HubSpot may have applied what
//     it rejected later; so an opt-out from before is looked up in the ledger, and asserted;
//   - the newest change that was not rejected is an opt-in, and a newer, rejected one is an opt-out: nobody is
//   subscribed
//     again because of an older row after they asked to leave.
// Not to send the same opt-in twice without need matters: between the two the person may have opted out at HubSpot.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "delivery/actions.hpp"
#include "delivery/outgoing.hpp"
#include "ledger/records.hpp"

namespace consent_sync::delivery {

class late_writes {
  public:
    explicit late_writes(base::milliseconds window) : window_(window) {}
    void configure(base::milliseconds window) { window_ = window; }
    void restore(const std::vector<ledger::late_write>& duties, base::wall_time now);

    // Each writes what must be remembered into `out`, the step that records the event itself.
    void began(const consent::change& c, consent::key_hash hash, ledger::ledger_change& out);
    void unanswered(const consent::change& c, consent::key_hash hash, base::wall_time end, ledger::ledger_change& out);
    void confirmed(const consent::change& c, consent::key_hash hash, base::wall_time begun, ledger::ledger_change& out);
    void rejected(const consent::change& c, consent::key_hash hash, ledger::ledger_change& out);
    // An assertion was refused; `accepted`: the newest attempt that HubSpot had accepted when it began, `next`: the
    // first that begins after this refusal. The change counts as rejected when it was never confirmed and HubSpot
    // accepted a request between two refusals, so that no one moment covers both. False: it proves nothing; postpone
    // it.
    bool refused_again(const consent::change& c, consent::key_hash hash, ledger::attempt_id accepted,
                       ledger::attempt_id next, ledger::ledger_change& out);

    struct due_assertion {
        consent::key_hash hash = 0;
        consent::place change;
        bool look_up = false;  // it was rejected: an older one of its key is to be looked up, then older() called
    };
    // Duties whose window has passed, at most `most`; those that need no assertion end here (into `out`). The others
    // are not named again before postpone(), look_again() or another unanswered attempt.
    std::vector<due_assertion> take_due(base::wall_time now, std::size_t most, ledger::ledger_change& out);
    // What was looked up: the newest older change that was not rejected; nullptr: there is none.
    void older(consent::key_hash hash, const ledger::fetched_change* found, base::wall_time now,
               ledger::ledger_change& out);
    // The key is busy, or the assertion could not be sent: named again from `at` on.
    void postpone(consent::key_hash hash, base::wall_time at);
    // What kept the key busy is through: named again at once, if nothing else has given it a time yet.
    void look_again(consent::key_hash hash);

    std::optional<base::wall_time> next_due() const;
    std::size_t open() const { return keys_.size(); }

  private:
    struct key_duty {
        std::vector<ledger::late_write> changes;  // by place
        base::wall_time quiet_at{};
        base::wall_time due_at{};              // its entry in due_; the epoch: none
        ledger::attempt_id refused_since = 0;  // attempts from this one on began after a refused assertion
    };
    ledger::late_write& find_or_add(key_duty& duty, const consent::change& c, consent::key_hash hash);
    static const ledger::late_write* newest_accepted(const key_duty& duty);
    static bool may_have_subscribed(const key_duty& duty);
    static bool needs_assertion(const key_duty& duty);
    void schedule(consent::key_hash hash, key_duty& duty, base::wall_time at);
    void end(consent::key_hash hash, ledger::ledger_change& out);

    base::milliseconds window_;
    boost::unordered_flat_map<consent::key_hash, key_duty> keys_;
    std::set<std::pair<base::wall_time, consent::key_hash>> due_;
};

// Prepares the assertions that are due: fetches their changes and makes batches of them. Only a few at a time, because
// they repeat what was sent before.
class assertions {
  public:
    explicit assertions(late_writes& late) : late_(late) {}

    bool has_room(const outgoing& o) const {
        return asked_for_ == 0 && late_.open() > 0 && o.all().assertions() < most;
    }
    void prepare(outgoing& o, base::wall_time now, output& out);
    // What was fetched for that. The batches that are to be sent.
    std::vector<batch*> fetched(std::vector<ledger::fetched_change>&& changes, outgoing& o, base::wall_time now);
    void fetched_older(const std::vector<ledger::fetched_change>& changes, base::wall_time now, output& out);

  private:
    static constexpr std::size_t most = 2;  // batches at a time: they must not hold up what is new

    late_writes& late_;
    int asked_for_ = 0;                          // fetches that are on their way
    std::vector<consent::key_hash> looking_up_;  // keys of which an older change is looked up
};

}  // namespace consent_sync::delivery
