// Finds rows that come back late (a failed file dropped again, a held file released) although a newer change of their
// key is in the ledger, and supersedes them: replaying an old row must never undo a newer one.
#pragma once

#include <vector>

#include "ledger/change_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

// Throws database_error; runs inside store::transact(). One scan of the changes, about 1 s for 10,000,000.
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

}  // namespace consent_sync::ledger
