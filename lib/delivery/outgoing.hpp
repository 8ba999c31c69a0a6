// What may leave: the changes in memory, and the batches that wait for another try.
//
// Changes are fetched from the ledger in order (cursor.hpp). They lie in two lanes that keep the order of each key
// (lanes.hpp) until a batch takes them. A batch is put together only when the pace has a slot for it, and comes back
// here when it is to be sent again; all batches that are alive belong here. A change that waits loses against a newer
// opt-out of its key: it is superseded.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "delivery/actions.hpp"
#include "delivery/batch.hpp"
#include "delivery/batch_limit.hpp"
#include "delivery/cursor.hpp"
#include "delivery/lanes.hpp"

namespace consent_sync::delivery {

// Bounds of what is kept in memory. Settable for tests.
struct engine_bounds {
    std::size_t fetch_most = 1'000;  // changes one fetch brings; many more would leave the caches before they are sent
    std::size_t ready_low = 2'000;   // fetch when fewer are ready in a lane
    std::size_t waiting_max = 20'000;  // changes that wait behind their key
    // Batches that wait for another try, by lane: beyond that no fresh ones but probes.
    std::size_t retrying_max = 1'000;
    std::size_t retrying_opt_outs_max = 1'000;
    // Keys that are owed an assertion because of unanswered requests: beyond that no fresh opt-ins begin until
    // HubSpot's time for late writes has passed, and at twice as many no fresh opt-outs; but for one batch each
    // retry.max, since a duty also waits for the fresh changes of its key.
    std::size_t duties_max = 250'000;
    std::size_t deferred_fetch_most = lanes::waiting_of_key_max;
};

// What decides which batch may leave, besides what is here.
struct conditions {
    base::steady_time now{};
    base::milliseconds max_wait{0};
    bool probe = false;                // sending is paused, and one request looks whether that is over
    bool opt_ins_may_go = true;        // the day's reserve allows them
    base::steady_time opt_ins_from{};  // else: when it does
    bool fresh_opt_outs_may_go = true, fresh_opt_ins_may_go = true;  // late-write duties leave room for them
    bool many_errors = false;                                        // of the day's requests
    bool some_refused = false;  // HubSpot refused changes, and accepted nothing since
    bool may_refuse_everything = false;
    bool content_refused = false;  // the pause is about the content, or about who may send it
    bool locked = false;           // the pause is about what is sent
};

class outgoing {
  public:
    outgoing(const engine_bounds& bounds, std::uint32_t max_changes, base::random_engine& random);

    void start(const ledger::recovery& past);
    void configure(std::uint32_t max_changes) { limit_.configure(max_changes); }

    cursor& rows() { return cursor_; }
    const cursor& rows() const { return cursor_; }
    void ask_for_rows(output& out);
    // True: opt-outs came.
    bool fetched(fetch_result&& result, base::steady_time now, lane_effects& effects);
    // Older changes of its key may still lie ahead of the bulk cursor, or in the deferred table.
    bool overtakes(const consent::change& c, consent::key_hash hash) const {
        return c.is_opt_out() && (!cursor_.passed(c.id) || lanes_.has_deferred(hash));
    }

    // Batches. The next one that may leave; nullptr: none.
    batch* pick(const conditions& c);
    // It waits for another try. What lost against a newer opt-out meanwhile leaves it (`effects`). False: that was all,
    // and the batch has ended.
    bool wait(batch& b, base::steady_time not_before, lane_effects& effects);
    bool set_aside(batch& b, lane_effects& effects);
    batch& split(batch& b, const std::vector<bool>& part);
    batch& split_last(batch& b);
    // Batches of one change in one or more again.
    std::vector<batch*> join(const std::vector<batch*>& single, bool cut);
    // A batch for an assertion of these, as far as their keys are free; nullptr: none is.
    batch* make_assertion(std::vector<ledger::fetched_change>&& changes);
    void end(batch& b);
    // It lost its change to a newer opt-out. The batch whose last one that was, and that lies aside; it has not ended.
    batch* lose(const lane_effects::in_batch& lost, lane_effects& effects,
                std::optional<superseded_change>& superseded);

    std::size_t waiting() const { return waiting_[0].size() + waiting_[1].size(); }
    bool any_ready(const conditions& c) const;
    // The earliest moment at which there is something to send, whatever the limits say.
    std::optional<base::steady_time> next_work(const conditions& c);
    bool asks_once_more() const { return asked_in_doubt_ % 2 == 1; }  // the last one in doubt was the first of a pair
    // Nothing is in the lanes or on its way there.
    bool nothing_left(bool opt_ins_held) const;
    batch_limit& limit() { return limit_; }
    const engine_bounds& bounds() const { return bounds_; }
    lanes& keys() { return lanes_; }
    const lanes& keys() const { return lanes_; }
    const batches& all() const { return batches_; }

  private:
    using queue = std::multimap<base::steady_time, batch*>;
    queue& waiting(lane of) { return waiting_[static_cast<std::size_t>(of)]; }
    const queue& waiting(lane of) const { return waiting_[static_cast<std::size_t>(of)]; }
    bool due(lane of, const conditions& c) const;
    bool fresh_due(lane of, const conditions& c);
    bool room_for(lane of, const conditions& c) const;
    batch* pick_waiting(lane of, const conditions& c);
    batch* pick_in_doubt(const conditions& c);
    batch* pick_one_refused(lane of, const conditions& c);
    batch* fill(const conditions& c, std::optional<lane> only = std::nullopt);
    batch* fill_newest(lane of);
    std::size_t any_of(std::size_t count);  // 0 to count - 1, by chance
    void choose_lane_again(batch& b);
    bool come_to_rest(batch& b, lane_effects& effects);

    engine_bounds bounds_;
    base::random_engine& random_;
    batches batches_;
    lanes lanes_;
    batch_limit limit_;
    cursor cursor_;
    queue waiting_[2];  // by lane
    bool fresh_opt_outs_next_ = false;
    std::uint64_t asked_in_doubt_ = 0;
};

}  // namespace consent_sync::delivery
