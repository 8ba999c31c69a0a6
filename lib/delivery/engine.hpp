// The engine: decides what is sent when, and what each answer means for each change. Pure: events and `now` come in,
// actions come out; no I/O, no clock, no thread. The daemon and the simulation drive the same object.
//
// How it is driven: call any number of on_…() events, then take(now), and perform what it returns:
//   steps    to disk, in order, each as one transaction; then on_committed(number)
//   fetches  from the ledger, in the same queue as the steps; then on_fetched(result)
//   sends    to HubSpot; on_written(attempt) when the request is out, then on_answer(attempt, answer)
// and call take() again at next_wake() at the latest.
//
// What holds at every moment:
//   - of one key at most one change is in a batch; the next one only after the outcome of the last is on disk
//   - a request leaves only after the step that records its attempt was committed
//   - every attempt pays the limiter, retries, probes and assertions too
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "config/settings.hpp"
#include "delivery/actions.hpp"
#include "delivery/batch.hpp"
#include "delivery/batch_limit.hpp"
#include "delivery/budget.hpp"
#include "delivery/concurrency.hpp"
#include "delivery/lanes.hpp"
#include "delivery/late_writes.hpp"
#include "delivery/limiter.hpp"
#include "delivery/low_water.hpp"
#include "delivery/pauses.hpp"
#include "delivery/refusals.hpp"
#include "delivery/released.hpp"
#include "hubspot/judge.hpp"

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
    ~engine();
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    void start(const ledger::recovery& past, base::moment now);
    // Of a reload. What was learnt from HubSpot stays.
    void configure(const config::settings& settings, budget::next_midnight midnight);

    // Rows of one file are in the ledger: `first` to `last`, with or without opt-outs and others among them.
    void on_rows(consent::place first, consent::place last, bool opt_outs);
    // The bulk lane may find more: a file was read to its end, or its gate was opened.
    void on_bulk_open();
    // A held file of these rows is released, and its rows were compared with newer ones.
    void on_released(consent::place first, consent::place last);
    void on_committed(step_number step, base::moment now);
    void on_fetched(fetch_result&& result, base::moment now);
    void on_written(ledger::attempt_id attempt, base::moment now);
    // `token_is_current`: the request carried the token that is in use now.
    void on_answer(ledger::attempt_id attempt, const hubspot::answer& answer, bool token_is_current, base::moment now);
    void wait_for_token() { waiting_for_token_ = true; }               // nothing leaves before on_token()
    void on_token(base::moment now);                                   // a token that is new, or was read again
    void on_token_failed(const std::string& words, base::moment now);  // no token: pause
    // `told`: it ends after that, as HubSpot says.
    void pause(pause_reason reason, const std::string& words, base::moment now,
               std::optional<base::milliseconds> told = std::nullopt);
    void resume(pause_reason reason, base::moment now);
    void look_again(base::moment now) { pauses_.probe_all_now(now.steady); }  // every pause that probes does it at once
    // A request beside the batches (definitions): takes its slot of the limits. False: there is none now.
    bool take_slot(base::moment now);
    void slot_returned() { limiter_.returned(); }  // it was never written
    void slot_written(base::moment now) { limiter_.written(now.steady); }
    void stop();  // begins nothing more

    actions take(base::moment now);
    std::optional<base::steady_time> next_wake(base::moment now);

    bool idle() const;  // nothing is on the wire and no step is open
    const pauses& held() const { return pauses_; }
    engine_status status(base::moment now);

  private:
    static constexpr base::milliseconds gap_in_doubt{100};  // between requests while HubSpot may refuse everything

    // engine.cpp: events and their effects
    void apply(lane_effects&& effects);
    void supersede(const consent::change& c, consent::place by);
    void supersede_in_batch(const lane_effects::in_batch& lost, lane_effects& more);
    void discard(const batch& b);
    void choose_lane_again(const batch& b);
    void note_settled(ledger::settled_change&& change, bool bulk);
    consent::place fetch_barrier(bool of_released) const;
    void want_fetches();
    void fetched_assertions(std::vector<ledger::fetched_change>&& changes, base::moment now);
    void fetched_older(const std::vector<ledger::fetched_change>& changes, base::moment now);
    void fetched_bulk(fetch_result&& result, base::moment now, lane_effects& effects);
    void tell(base::level at, std::string_view event, std::vector<base::log_field> fields);
    void remember_budget(base::moment now);
    void restore_sends(const ledger::recovery& past, base::moment now);
    void watch_clock(base::moment now);
    base::wall_time even_wall(base::moment now) const;

    // choosing.cpp: which batch leaves next
    void choose(base::moment now);
    std::unique_ptr<batch> pick(base::moment now, bool probe);
    bool has_due(lane of, base::moment now) const;
    bool any_ready(base::moment now);
    bool room_for_assertions() const;
    std::optional<base::steady_time> next_work(base::moment now);
    std::optional<base::steady_time> day_tells_at() const;
    std::unique_ptr<batch> pick_waiting(lane of, base::moment now);
    std::unique_ptr<batch> pick_in_doubt(base::moment now, bool bulk_allowed, bool probe);
    std::unique_ptr<batch> pick_one_refused(lane of, base::moment now);
    std::unique_ptr<batch> fill(bool probe = false, std::optional<lane> only = std::nullopt);
    std::unique_ptr<batch> fill_newest(lane of);
    std::size_t any_of(std::size_t count);  // 0 to count - 1, by chance
    bool fresh_due(lane of, base::moment now);
    bool room_for(lane of) const;
    void tell_of_duties();
    bool opt_outs_held() const { return lanes_.ready(lane::opt_out) > 0 && !room_for(lane::opt_out); }
    void begin(std::unique_ptr<batch> b, base::moment now, bool probe);
    void prepare_assertions(base::moment now);
    bool probing() const;

    // answers.cpp: what an answer means
    using owned = std::unique_ptr<batch>;
    enum class fate : std::uint8_t {
        open,       // nothing is known of it: it goes again
        otherwise,  // the same: HubSpot named it with another status, for the first time
        confirmed,
        rejected,     // HubSpot refuses it, and something proves that the fault is its own
        not_applied,  // HubSpot named it with another status once more
        suspected,    // HubSpot refuses it, and nothing proves yet that the fault is its own
    };
    static std::vector<fate> decide(const batch& b, const hubspot::judgement& j);
    void end_attempt(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, base::moment now);
    void settled_by(ledger::attempt_id attempt, consent::place place, bool confirmed);
    void record_ends();
    void judged(owned b, const hubspot::judgement& j, base::moment now);
    void judged_assertion(owned b, const hubspot::judgement& j, base::moment now);
    void refused(owned b, const hubspot::judgement& j, base::moment now);
    void count_refusal(const batch& b, const std::string& words, base::moment now);
    void refused_in_pause(const std::string& words, base::moment now);
    void bisect(owned b, const hubspot::judgement& j, base::moment now);
    void cut(owned b, base::moment now);
    void keep_some_back(batch& b, base::moment now);
    bool may_accuse(const batch& b, const hubspot::judgement& j) const;
    void accuse(batch& b, const hubspot::judgement& j, base::moment now);
    void answer_followers(const batch& first, const hubspot::judgement& j, base::moment now);
    void too_large(owned b, const hubspot::judgement& j, base::moment now);
    void tell_of_smaller_batches();
    void unanswered(owned b, const hubspot::judgement& j, base::moment now);
    void locked(owned b, const hubspot::judgement& j, base::moment now);
    void unresolved(owned b, const hubspot::judgement& j, base::moment now);
    bool answers_to(const batch& b, const hubspot::judgement& j);
    void pause_for(owned b, const hubspot::judgement& j, base::moment now);
    void rate_limited(owned b, const hubspot::judgement& j, std::optional<std::int64_t> interval_ms, base::moment now);
    void tell_of_pause(pause_reason reason, base::moment now);
    void end_limit_that_passed(base::moment now);
    void watch_token(base::moment now);
    void watch_reserve(base::moment now);
    void ask_at_reserve(base::moment now);
    bool accepted_lately(base::moment now) const;
    void learn(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, base::moment now);
    void forbidden(owned b, const hubspot::judgement& j, base::moment now);
    void token_refused(const hubspot::judgement& j, base::moment now);
    void accepted(const batch& b, base::moment now);
    void answered_about_content(base::moment begun, base::moment now);
    void resume_if_begun_since(pause_reason reason, base::moment begun, base::moment now);

    // verdicts.cpp: ends of changes, and batches that wait
    void confirm(const batch& b, std::size_t index, const hubspot::change_judgement& how, base::moment now);
    void reject(const batch& b, std::size_t index, const hubspot::refusal_words& words,
                const std::string& correlation_id, base::moment now);
    void give_up(owned b, base::moment now);
    static bool proven_bad(const batch& b);
    static bool refused_before(const batch& b);
    void suspect(refusals::suspect&& s, base::moment now);
    void suspect_each(owned apart, const std::vector<hubspot::refusal_words>& words, const std::string& correlation_id,
                      base::moment now);
    void settle_suspects(base::moment now);
    void pause_refusing(const std::string& words, base::moment now);
    void probe_for_new(pause_reason reason, base::moment now);
    void bring_back(owned b, base::moment now);
    void bring_back_together(std::vector<owned>&& alone, bool searched, base::moment now);
    std::optional<base::steady_time> next_of_reserve() const { return refusals_.next_of_reserve(); }
    std::optional<base::steady_time> next_half() const;
    bool nothing_else_to_do() const;
    void reject_suspect(refusals::suspect&& s, base::moment now);
    void try_suspects_again(base::moment now);
    void judge_suspects(base::moment now);
    void park(owned b, base::steady_time not_before);
    bool come_to_rest(batch& b);
    bool set_aside(batch& b);
    owned split_off(batch& b, const std::vector<bool>& part);
    void free_key(consent::key_hash hash);
    void drop_assertion(const batch& b, base::moment now);
    const consent::change* find_in_batch(ledger::batch_id id, consent::place place) const;

    const config::settings* settings_;
    base::random_engine& random_;
    engine_bounds bounds_;
    batch_limit batch_limit_;

    lanes lanes_;
    limiter limiter_;
    budget budget_;
    concurrency concurrency_;
    pauses pauses_;
    late_writes late_;
    low_water low_water_;
    refusals refusals_;
    released_files released_;
    std::vector<ledger::batch_id> left_alone_;  // batches that ended without another answer
    base::steady_time next_in_doubt_{};         // when the next request may begin while HubSpot may refuse everything
    std::uint64_t asked_in_doubt_ = 0;
    bool rows_arrived_ = false;        // since the last take()
    bool opt_outs_came_ = false;       // they were fetched since then
    bool refuses_everything_ = false;  // the pause `configuration` began for that
    bool fresh_opt_outs_next_ = false;
    base::steady_time last_probe_at_{};

    waiting_batches waiting_[2];  // by lane
    live_batches batches_;
    boost::unordered_flat_map<ledger::attempt_id, owned> open_;  // recording or on the wire
    ledger::attempt_id next_attempt_ = 1;
    ledger::batch_id next_batch_ = 1;

    std::map<consent::place, consent::place> opt_out_ranges_;  // in the ledger, not fetched yet
    std::optional<std::pair<consent::place, consent::place>> fetching_opt_outs_;
    bool fetching_bulk_ = false;  // or released rows
    bool bulk_more_ = true;

    struct open_step {
        step_number number;
        std::vector<ledger::attempt_id> begins;
        std::vector<consent::key_hash> released;
    };
    actions out_;
    ledger::ledger_change pending_;
    // Attempts that ended in this step. What each left unsettled follows from the verdicts of the step.
    struct ended_attempt {
        ledger::attempt_end record;
        std::vector<consent::place> changes;
        std::vector<consent::place> settled;  // by it: confirmed and rejected
        std::size_t confirmed = 0;
        bool assertion = false;
        bool judged = false;
        std::size_t notice = 0;  // its line among out_.notices
        ledger::batch_id batch = 0;
        std::uint32_t number = 0;
    };
    std::vector<ended_attempt> pending_ends_;
    std::vector<ledger::attempt_id> pending_begins_;
    std::vector<consent::key_hash> pending_released_;
    std::deque<open_step> open_steps_;
    step_number next_step_ = 1;
    consent::place recorded_mark_;
    base::steady_time recorded_mark_at_{};
    base::moment started_{};

    std::uint64_t accepted_ = 0;                                // answers that settled something
    ledger::attempt_id accepted_newest_ = 0;                    // the newest attempt among them
    std::optional<base::steady_time> accepted_at_{};            // when the last of them came
    ledger::attempt_id limit_refused_newest_ = 0;               // the newest attempt that got a 429
    std::uint32_t limit_probes_refused_ = 0;                    // probes of the pause `rate limit` that got a 429 too
    std::uint64_t limit_refusals_ = 0;                          // 429s since the log last told of them
    std::optional<base::steady_time> limit_told_at_{};          // when it did
    bool limit_pause_told_ = false;                             // the log tells of the pause `rate limit` that holds
    bool limit_odd_ = false;                                    // the log told of a limit that is not believed
    std::optional<base::steady_time> suspects_due_{};           // they go once more by themselves
    std::uint32_t suspects_tries_ = 0;                          // how often they did since HubSpot accepted anything
    std::pair<std::uint64_t, consent::key_hash> look_alike_{};  // address of a result, and the key it came for
    std::uint32_t failures_in_a_row_ = 0;  // answers and non-answers that settled nothing, over all batches
    bool waiting_for_token_ = false;
    std::optional<base::steady_time> token_waited_since_{};
    base::steady_time token_asked_at_{};
    bool token_tried_ = false;                   // it was read again since HubSpot last accepted anything
    bool answering_probe_ = false;               // the answer that is being judged is a probe's
    bool bulk_held_ = false;                     // by the pause `daily reserve`
    int fetching_assertions_ = 0;                // or what is older than a rejected change
    std::vector<consent::key_hash> looking_up_;  // keys of the latter
    bool stopping_ = false;
    std::int64_t clock_ahead_ms_ = 0;  // what is on disk
    bool told_duties_full_ = false;
    base::steady_time trickle_at_{};  // when the next fresh batch may begin although duties are at their bound
    bool trickle_ = true;             // now is then
    std::uint64_t answers_today_ = 0, errors_today_ = 0;
    bool warned_of_errors_ = false;
    base::wall_time errors_day_end_{};
};

}  // namespace consent_sync::delivery
