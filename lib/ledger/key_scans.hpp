// Scans of the whole ledger for other changes of a key, where memory does not tell the order. The ledger has no index
// on keys: a scan takes about 1 s for 10,000,000 changes. All members throw database_error and run inside
// store::transact().
#pragma once

#include <span>
#include <vector>

#include "ledger/change_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// Supersedes rows that come back late (a failed file dropped again, a held file released) although a newer change of
// their key is in the ledger: an old row must never undo a newer one.
class newer_changes {
  public:
    explicit newer_changes(change_table& changes);

    // For the rows of a file that carry a change_id: superseded if a change of their key lies between the original and
    // the file. Returns how many were superseded.
    std::size_t supersede_returning(consent::arrival_number arrival);
    // For a held file that is released: superseded if any change of their key has a higher place.
    std::size_t supersede_released(consent::arrival_number arrival);
    // For a file whose rows lost their verdicts again: the same, opt-outs too.
    std::size_t supersede_reopened(consent::arrival_number arrival);

  private:
    enum class came_back { returning, released, reopened };
    std::size_t supersede(consent::arrival_number arrival, came_back how);

    change_table& changes_;
};

// Finds what holds for a key when HubSpot refused its newest change: the newest older change that it took, or may have
// taken.
class older_changes {
  public:
    explicit older_changes(change_table& changes);

    // For each of these changes the newest older one of its key that is confirmed or unconfirmed, where there is one.
    std::vector<fetched_change> find(std::span<const consent::place> changes);

  private:
    change_table& changes_;
};

}  // namespace consent_sync::ledger
