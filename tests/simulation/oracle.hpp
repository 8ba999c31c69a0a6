// Sees everything that happens in a simulated world and throws broken_promise when a promise does not hold.
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

namespace consent_sync::simulation {

class oracle {
  public:
    oracle(hubspot_model& hubspot, agenda& time) : hubspot_(hubspot), time_(time) {}

    void appended(consent::place place, const planned_row& row);  // on disk
    void step_committed(const ledger::ledger_change& step);
    void returning_superseded(std::size_t rows) { unseen_superseded_ += rows; }
    // A request begins.
    void begins(ledger::attempt_id attempt, std::span<const consent::change> changes);
    void recovered();  // the ledger says so too

    bool all_settled() const { return settled_ == rows_.size() - unseen_superseded_; }
    void check_files(ledger::store& store) const;
    void check_last_states() const;

    struct row_state {
        planned_row row;
        consent::verdict verdict{};  // 0: none
        consent::place by;
        std::uint32_t sent = 0;
        base::steady_time appended_at{};
        base::steady_time first_sent_at{};
        base::steady_time settled_at{};
    };
    const std::map<std::int64_t, row_state>& rows() const { return rows_; }
    const row_state& row(consent::place p) const { return rows_.at(p.id()); }
    std::size_t settled() const { return settled_; }
    bool doubt = false;  // a scenario of nothing but trouble: no verdict may come of it
    // HubSpot refuses good changes only in one moment, in which it refuses all of them: then none may be rejected.
    bool one_moment = false;
    std::uint64_t begun = 0;  // requests
    std::uint64_t asserted = 0;
    std::uint64_t assertions_refused = 0;  // of changes without proof

  private:
    struct key_state {
        std::vector<consent::place> attempted;  // ascending, each once
        std::set<std::int64_t> rejected;
        std::set<std::int64_t> refused_again;               // as an assertion, and never confirmed: as good as rejected
        std::map<ledger::attempt_id, consent::place> open;  // attempts whose end is not on disk
    };
    void check_verdict(const ledger::settled_change& end);
    [[noreturn]] void broken(int promise, const std::string& what) const;
    bool has_state_of(const std::string& name, const key_state& key, consent::place newest) const;
    key_state without_untouched(key_state key) const;
    std::string history_of(const key_state& key) const;
    static std::vector<consent::place> newest_accepted(const key_state& key);

    hubspot_model& hubspot_;
    agenda& time_;
    std::map<std::int64_t, row_state> rows_;
    std::map<std::string, key_state> keys_;
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
