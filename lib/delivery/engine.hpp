// The engine: decides what is sent when, and what each answer means for each change. Pure: events and `now` come in,
// actions come out; no I/O, no clock, no thread. The daemon and the simulation drive the same object.
//
// How it is driven: call any number of on_…() events, then take(now), and perform what it returns, in order:
//   ledger_step    to disk, each as one transaction; then on_committed(number)
//   fetch_request  from the ledger, in the same queue as the steps; then on_fetched(result)
//   send           to HubSpot; on_written(attempt) when the request is out, then on_answer(attempt, answer)
// and call take() again at next_wake() at the latest.
//
// It conducts four machines: `outgoing` (what may leave), `pace` (when), `decide()` (what an answer comes to;
// `verdicts` and `follow_up` carry that out), and `late_writes` (what is owed afterwards).
//
// What holds at every moment:
//   - of one key at most one change is in a batch; the next one only after the outcome of the last is on disk
//   - a request leaves only after the step that records its attempt was committed
//   - every attempt pays the limiter, retries, probes and assertions too
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "config/settings.hpp"
#include "delivery/actions.hpp"
#include "delivery/follow_up.hpp"
#include "delivery/late_writes.hpp"
#include "delivery/outcome.hpp"
#include "delivery/outgoing.hpp"
#include "delivery/pace.hpp"
#include "delivery/verdicts.hpp"

namespace consent_sync::delivery {

// For status and metrics.
struct engine_status {
    std::size_t in_flight = 0;
    std::uint32_t window = 0;
    std::size_t ready_opt_outs = 0, ready_bulk = 0, waiting = 0, retrying = 0;
    std::uint32_t limit = 0, limit_used = 0, limit_others = 0;
    base::milliseconds limit_interval{0};
    std::optional<std::int64_t> daily_limit, daily_remaining;
    std::size_t late_write_duties = 0;
    std::size_t suspected = 0;  // changes that were refused alone, without a proof that they are bad
    std::optional<base::steady_time> oldest_opt_out;  // in memory, ready or in a batch
    bool bulk_at_reserve = false;
};

class engine {
  public:
    engine(const config::settings& settings, budget::next_midnight midnight, base::random_engine& random,
           engine_bounds bounds = {});
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    void start(const ledger::recovery& past, base::moment now);
    // Of a reload. What was learnt from HubSpot stays.
    void configure(const config::settings& settings, budget::next_midnight midnight);

    // Rows of one file are in the ledger: `first` to `last`, with or without opt-outs and others among them.
    void on_rows(consent::place first, consent::place last, bool opt_outs);
    // The bulk lane may find more: a file was read to its end, or its gate was opened.
    void on_bulk_open() { outgoing_.rows().on_bulk_open(); }
    // A held file of these rows is released, and its rows were compared with newer ones.
    void on_released(consent::place first, consent::place last) { outgoing_.rows().on_released(first, last); }
    void on_committed(step_number step, base::moment now);
    void on_fetched(fetch_result&& result, base::moment now);
    void on_written(ledger::attempt_id attempt, base::moment now);
    // `token_is_current`: the request carried the token that is in use now.
    void on_answer(ledger::attempt_id attempt, const hubspot::answer& answer, bool token_is_current, base::moment now);
    void wait_for_token() { pace_.wait_for_token(); }                  // nothing leaves before on_token()
    void on_token(base::moment now) { pace_.on_token(now); }           // a token that is new, or was read again
    void on_token_failed(const std::string& words, base::moment now);  // no token: pause
    void pause(pause_reason reason, const std::string& words, base::moment now);
    void resume(pause_reason reason, base::moment now) { pace_.resume(reason, now, out_); }
    void look_again(base::moment now);  // every pause that probes does it at once
    // A request beside the batches (definitions): takes its slot of the limits. False: there is none now.
    bool take_slot(base::moment now) { return pace_.take_slot(now); }
    void slot_returned() { pace_.returned(); }  // it was never written
    void slot_written(base::moment now) { pace_.written(now.steady); }
    void stop() { stopping_ = true; }  // begins nothing more

    std::vector<action> take(base::moment now);
    std::optional<base::steady_time> next_wake(base::moment now);

    bool idle() const;  // nothing is on the wire and no step is open
    const pauses& held() const { return pace_.held(); }
    engine_status status(base::moment now);

  private:
    void choose(base::moment now);
    void begin(batch& b, base::moment now);
    void prepare_assertions(base::moment now);
    void remember_mark(base::moment now);
    void tell_of_duties();
    bool nothing_else(base::moment now) const;
    conditions conditions_now(base::moment now) const;
    pace::in_flight in_flight() const;
    void apply(lane_effects&& effects) { follow_up_.apply(std::move(effects)); }

    const config::settings* settings_;
    base::random_engine& random_;
    engine_bounds bounds_;
    output out_;
    outgoing outgoing_;
    pace pace_;
    late_writes late_;
    assertions assertions_{late_};
    verdicts verdicts_{late_, outgoing_, out_};
    follow_up follow_up_{outgoing_, pace_, late_, verdicts_, random_, out_};

    struct open_step {
        step_number number;
        std::vector<ledger::attempt_id> begins;
        std::vector<consent::key_hash> free_keys;
    };
    std::deque<open_step> open_steps_;
    step_number next_step_ = 1;
    boost::unordered_flat_map<ledger::attempt_id, batch*> open_;  // recording or on the wire
    ledger::attempt_id next_attempt_ = 1;
    consent::place recorded_mark_;
    base::steady_time recorded_mark_at_{};

    progress accepted_;
    std::uint32_t failures_in_a_row_ = 0;  // answers and non-answers that settled nothing, over all batches
    look_alike last_look_alike_{};
    bool rows_came_ = false, opt_outs_came_ = false;  // since the last take()
    bool duties_told_ = false;
    base::steady_time trickle_at_{};  // when the next fresh batch may begin although duties are at their bound
    bool stopping_ = false;
};

}  // namespace consent_sync::delivery
