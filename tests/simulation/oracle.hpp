// Sees everything that happens in a simulated world, and throws broken_promise if a promise is broken.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/store.hpp"
#include "simulation/hubspot_model.hpp"
#include "simulation/plan.hpp"
#include "simulation/witness.hpp"

namespace consent_sync::simulation {

class oracle final : public witness {
  public:
    oracle(hubspot_model& hubspot, agenda& time) : hubspot_(hubspot), time_(time) {}

    void arrived_together(consent::arrival_number file, consent::arrival_number first) override {
        first_of_[file] = first;
    }
    void appended(consent::place place, const planned_row& row, consent::place by) override;
    void step_committed(const ledger::ledger_change& step) override;
    void returning_superseded(std::size_t rows) override { unseen_superseded_ += rows; }
    void begins(ledger::attempt_id attempt, std::span<const consent::change> changes) override;
    void recovered() override;

    bool all_settled() const { return settled_ == rows_.size() - unseen_superseded_; }
    void check_files(ledger::store& store) const;
    void check_last_states() const;

    std::size_t settled() const { return settled_; }
    bool doubt = false;  // a scenario with only trouble: no change may get a verdict
    // HubSpot refuses good changes only in one moment, in which it refuses all changes: no good change may be rejected.
    bool one_moment = false;
    std::uint64_t begun = 0;           // requests
    base::steady_time confirmed_at{};  // when a row was last confirmed
    std::uint64_t asserted = 0;
    std::uint64_t assertions_refused = 0;  // of changes without proof

  private:
    struct key_state {
        std::vector<consent::place> attempted;  // ascending, each once
        std::set<std::int64_t> rejected;
        std::set<std::int64_t> refused_again;  // as an assertion, and never confirmed: equivalent to rejected
        std::map<ledger::attempt_id, consent::place> open;  // attempts whose end is not on disk
    };
    void check_verdict(const ledger::settled_change& end);
    [[noreturn]] void broken(int promise, const std::string& what) const;
    bool arrived_with(consent::place a, consent::place b) const;
    void check_contradictions() const;
    bool has_state_of(const std::string& name, const key_state& key, consent::place newest) const;
    key_state without_untouched(key_state key) const;
    std::string history_of(const key_state& key) const;
    static std::vector<consent::place> newest_accepted(const key_state& key);

    hubspot_model& hubspot_;
    agenda& time_;
    std::map<std::string, key_state> keys_;
    std::map<consent::arrival_number, consent::arrival_number> first_of_;
    std::map<std::string, std::vector<consent::place>> opt_outs_;  // of each key, valid ones
    std::vector<consent::place> contradicted_;
    struct recorded_attempt {
        std::vector<consent::place> changes;
        bool assertion = false;
        bool ended = false;
    };
    std::map<ledger::attempt_id, recorded_attempt> recorded_;
    std::map<std::int64_t, int> other_status_;  // times that HubSpot named it with another status
    std::size_t settled_ = 0;
    std::size_t unseen_superseded_ = 0;
};

}  // namespace consent_sync::simulation
