// Finds what holds for a key when HubSpot refused its newest change: the newest older change that it took, or may have.
#pragma once

#include <span>
#include <vector>

#include "ledger/change_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// Throws database_error; runs inside store::transact(). One scan of the changes, about 1 s for 10,000,000.
class older_changes {
  public:
    explicit older_changes(change_table& changes);

    // For each of these changes the newest older one of its key that is confirmed or unconfirmed, where there is one.
    std::vector<fetched_change> find(std::span<const consent::place> changes);

  private:
    change_table& changes_;
};

}  // namespace consent_sync::ledger
