// An observer of everything that happens in a simulated world; it keeps the rows. The oracle is one.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "ledger/records.hpp"
#include "simulation/agenda.hpp"
#include "simulation/plan.hpp"

namespace consent_sync::simulation {

class witness {
  public:
    virtual ~witness() = default;

    // The file arrived together with `first`; opt-outs in these files win, whatever their place.
    virtual void arrived_together(consent::arrival_number file, consent::arrival_number first) = 0;
    // The row is on disk. `by`: it is superseded at once by an opt-out that arrived together with it.
    virtual void appended(consent::place place, const planned_row& row, consent::place by) = 0;
    virtual void step_committed(const ledger::ledger_change& step) = 0;
    virtual void returning_superseded(std::size_t rows) = 0;
    virtual void begins(ledger::attempt_id attempt, std::span<const consent::change> changes) = 0;  // a request
    virtual void recovered() = 0;  // the daemon has started and read the ledger

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

  protected:
    std::map<std::int64_t, row_state> rows_;
};

}  // namespace consent_sync::simulation
