// HubSpot in the simulation: statuses by key, limits, latency, and all kinds of trouble.
//
// It is as strict as HubSpot: a rolling window of arrivals, a day that ends at midnight. It does everything bad that
// HubSpot may do: it leaves a request unanswered and applies it up to the late-write window later.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hubspot/answer.hpp"
#include "ledger/records.hpp"
#include "simulation/agenda.hpp"
#include "simulation/bodies.hpp"
#include "simulation/dice.hpp"
#include "simulation/plan.hpp"
#include "simulation/server.hpp"

namespace consent_sync::simulation {

enum class trouble {
    unavailable,     // 500, 502, 503, 504, 524 …
    silence,         // no answer until the client gives up
    reset,           // the connection breaks after the request was written
    unreachable,     // DNS or connect: nothing is written
    unclear,         // 2xx without content
    omits_some,      // COMPLETE, but some results are missing
    says_other,      // COMPLETE, some with another status, once
    locked,          // 423
    moving,          // 477
    scope,           // 403 MISSING_SCOPES
    misconfigured,   // 404, 301, 405 …
    refuses_all,     // 400 for every request
    empties_all,     // COMPLETE without any result
    errors_for_all,  // COMPLETE with an error for each change
    limits,          // unexpected 429
    idle_dies,       // the connection had been idle and breaks after the request was written; a new one works
    says_anything,   // COMPLETE: for each change the requested status, another one, an error or nothing
};

// A time of trouble.
struct fault {
    base::steady_time::duration from{}, to{};  // after the start
    trouble kind = trouble::unavailable;
    double share = 1;  // of the requests
};

struct hubspot_profile {
    std::uint32_t limit = 190;  // per `interval`
    milliseconds interval{10'000};
    std::optional<std::int64_t> daily;
    std::function<base::wall_time(base::wall_time)> next_midnight;
    bool headers = true;
    milliseconds latency_least{50}, latency_most{150};
    bool way_is_constant = false;  // the time of a request to HubSpot; otherwise a third to a half of the latency
    double latency_grows = 0;      // share of the latency added by every request in flight
    std::optional<std::uint32_t> refuses_above;  // in flight: 503
    std::size_t batch_most = 1000;               // 413 above
    double others_per_second = 0;                // requests of other programs with the same token
    milliseconds client_timeout{105'000};
    milliseconds late_window{600'000};
    double late_share = 0.3;     // share of unanswered requests that are applied late
    milliseconds moving_for{0};  // Retry-After of 477; 0: none
    std::vector<fault> faults;
};

class hubspot_model final : public server {
  public:
    hubspot_model(agenda& time, dice& luck, hubspot_profile profile);

    reply receive(const request& r) override;
    std::optional<hubspot::no_answer> unreachable_now() override;
    milliseconds way_here() override;
    void client_restarted(milliseconds within) override;

    // The answers of a scenario, which have priority. They apply nothing.
    std::function<std::optional<hubspot::answer>(const request&)> script;
    // Replaces the answer for each change of a request; empty: the normal answer.
    std::function<std::vector<line::word>(const request&)> words;
    // Whether the model does anything but fail at that time.
    void end_faults() { healed_ = true; }
    bool healed() const { return healed_; }

    int valid_token = 1;
    std::map<std::string, consent::status_state> states;
    std::set<std::int64_t> touched;          // places that were applied, or may still be
    std::map<std::int64_t, nature> natures;  // by place; good: not listed
    hubspot_profile& profile() { return profile_; }

    // The answers, for the oracle.
    enum class said { nothing, as_asked, other_status, refused };
    said what_was_said(ledger::attempt_id attempt, consent::place place) const;
    std::uint64_t over_limit = 0;  // 429 required by the window
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;  // answers of 400 and above
    std::uint32_t in_flight = 0;
    std::uint32_t most_in_flight = 0;
    std::uint32_t most_in_window = 0;
    std::uint64_t late_applied = 0;
    std::optional<std::int64_t> daily_left;

  private:
    std::optional<trouble> trouble_now(const request& r);
    reply answer_of(const request& r);
    hubspot::answer in_trouble(trouble kind, const request& r);
    hubspot::answer process(const request& r, std::optional<trouble> kind);
    line::word word_for(const consent::change& c, std::optional<trouble> kind);
    std::optional<hubspot::answer> refuse_batch(const request& r);
    void maybe_apply(const request& r);
    void apply(const consent::change& c);
    nature nature_of(const consent::change& c) const;
    void count_others();
    std::optional<hubspot::answer> check_limits();
    void add_headers(hubspot::answer& a);
    void note(const request& r, const consent::change& c, said what);

    agenda& time_;
    dice& luck_;
    hubspot_profile profile_;
    base::steady_time start_;
    bool healed_ = false;
    std::deque<base::steady_time> window_;
    base::steady_time others_at_;
    base::wall_time day_end_{};
    struct late_write {
        base::steady_time at;
        std::vector<consent::change> changes;
        bool done = false;
    };
    void schedule_late(std::size_t index);
    std::vector<late_write> late_;
    std::map<std::pair<ledger::attempt_id, std::int64_t>, said> said_;
};

}  // namespace consent_sync::simulation
