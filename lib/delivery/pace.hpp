// When the next request may begin: the rolling limit, the day's budget, requests in flight, and pauses.
//
// Learns from each answer what it says beyond its batch. Begins and ends pauses, and tells the log of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "config/settings.hpp"
#include "delivery/actions.hpp"
#include "delivery/budget.hpp"
#include "delivery/concurrency.hpp"
#include "delivery/limiter.hpp"
#include "delivery/outcome.hpp"
#include "delivery/pauses.hpp"

namespace consent_sync::delivery {

// How far the wall clock is ahead of the steady one: on disk, so that send times are right after a restart.
class clock_watch {
  public:
    // Gives the limiter the send times from before a restart.
    void restore(const ledger::recovery& past, limiter& limit, base::moment now, output& out);
    void look(base::moment now, output& out);  // notes a jump

  private:
    std::int64_t ahead_ms_ = 0;  // what is on disk
};

class pace {
  public:
    pace(const config::settings& settings, budget::next_midnight midnight);

    void start(const ledger::recovery& past, base::moment now, output& out);
    void configure(const config::settings& settings, budget::next_midnight midnight);

    // What is on the wire.
    struct in_flight {
        std::size_t count = 0;
        bool probe = false;          // one of them is a probe
        base::steady_time newest{};  // when the newest of them began
    };
    bool may_begin(const in_flight& f, bool in_doubt, base::moment now);
    // When the next one may, if there is work from `work` on; nothing: when something else happens.
    std::optional<base::steady_time> next_begin(const in_flight& f, base::steady_time work, bool in_doubt,
                                                base::moment now);
    // When watch() has something to do.
    std::optional<base::steady_time> next_watch(base::moment now);

    void began(const batch& b, bool in_doubt, base::moment now, output& out);
    void written(base::steady_time at) { limiter_.written(at); }
    void returned() { limiter_.returned(); }
    bool take_slot(base::moment now);  // for a request beside the batches

    // What an answer says beyond its batch. `begun_since`: requests that began after this one.
    void learn(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, std::uint64_t begun_since,
               const in_flight& f, base::moment now, output& out);
    // What an outcome means for everybody.
    void conclude(const batch& b, const hubspot::answer& a, const hubspot::judgement& j, const outcome& o,
                  base::moment now, output& out);

    void pause(pause_reason reason, const std::string& words, bool by_probe, base::moment now,
               std::optional<base::milliseconds> told, output& out);
    void resume(pause_reason reason, base::moment now, output& out);
    pauses& held() { return pauses_; }
    const pauses& held() const { return pauses_; }
    bool paused() const { return pauses_.any(); }
    // New rows came that may be what HubSpot accepts: one more probe, though not more often than every ten seconds.
    void probe_for_new(pause_reason reason, base::moment now);

    void wait_for_token() { waiting_for_token_ = true; }
    void on_token(base::moment now);
    void on_token_failed(const std::string& words, base::moment now, output& out);
    // Pauses that begin or end with time.
    void watch(const progress& accepted, base::moment now, output& out);

    bool opt_ins_may_go(base::moment now) const { return pauses_.opt_ins_may_go(now.steady); }
    bool many_errors() const { return errors_.many(); }  // of the day's requests
    std::size_t window() const { return concurrency_.window(); }
    limiter& limit() { return limiter_; }
    const budget& day() const { return budget_; }
    void remember_budget(base::moment now, output& out);

  private:
    void watch_token(base::moment now, output& out);
    void watch_reserve(base::moment now, output& out);
    base::milliseconds rest_of_day(base::moment now);
    void learn_limits(const batch& b, const hubspot::answer_headers& h, std::uint64_t begun_since, base::moment now,
                      output& out);
    void tell_of_pause(pause_reason reason, base::moment now, output& out);
    void resume_if_begun_since(pause_reason reason, base::moment begun, base::moment now, output& out);
    void rate_limited(const batch& b, const hubspot::judgement& j, std::optional<std::int64_t> interval_ms,
                      base::moment now, output& out);
    void token_refused(const batch& b, const hubspot::judgement& j, base::moment now, output& out);
    std::optional<base::steady_time> day_tells_at(const in_flight& f) const;

    const config::settings* settings_;
    limiter limiter_;
    budget budget_;
    concurrency concurrency_;
    pauses pauses_;
    base::steady_time last_probe_at_{};
    base::steady_time next_in_doubt_{};  // when the next request may begin while HubSpot may refuse everything
    clock_watch clock_;

    struct {
        ledger::attempt_id newest = 0;               // that got a 429
        std::uint32_t probes = 0;                    // of the pause `rate limit` that got one too
        std::uint64_t untold = 0;                    // 429s since the log last told of them
        std::optional<base::steady_time> told_at{};  // when it did
        bool pause_told = false;                     // the log tells of the pause that holds
    } refused_;
    bool limit_odd_ = false;  // the log told of a limit that is not believed

    bool waiting_for_token_ = false;
    std::optional<base::steady_time> token_waited_since_{};
    base::steady_time token_asked_at_{};
    bool token_tried_ = false;  // it was read again since HubSpot last accepted anything
    error_share errors_;
};

}  // namespace consent_sync::delivery
