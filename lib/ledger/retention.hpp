// Removes what is older than keep.ledger, a little at a time, so that delivery never waits for it, and gives the space
// back to the file system.
//
// Files go in their order of arrival, the oldest first, and none goes before all older ones are gone. So for every
// change that is in the ledger all newer ones are too, and "no newer change of its key is in the ledger" keeps its
// meaning: a change_id of a removed row is unknown and its row `invalid`, never sent. One file that is not done, a held
// one for instance, keeps all newer ones. Arrival numbers and attempt ids are never given again.
#pragma once

#include "ledger/change_table.hpp"
#include "ledger/database.hpp"
#include "ledger/file_table.hpp"
#include "ledger/records.hpp"

namespace consent_sync::ledger {

struct removed_step {
    std::uint64_t rows = 0;  // changes and attempts
    std::uint64_t files = 0;
    std::uint64_t pages = 0;  // given back
    bool more = false;        // there is more to do
};

// What is old, before any of it is removed. A file that is not done may keep some of it.
struct old_files {
    std::uint64_t files = 0, rows = 0;
    std::uint64_t all_files = 0;  // old or not
};

// All members throw database_error and run inside store::transact().
class retention {
  public:
    retention(database& db, file_table& files, change_table& changes);

    old_files count(base::wall_time before);
    // The newest time of any file or attempt; the epoch: there is none.
    base::wall_time newest_time();
    // About `most` rows of what was done before `before` (a block of changes goes as a whole), and as many pages.
    removed_step remove_some(base::wall_time before, std::uint64_t most);

  private:
    bool remove_rows(consent::arrival_number arrival, std::uint64_t most, removed_step& step);
    void remove_attempts(base::wall_time before, std::uint64_t most, removed_step& step);
    void give_back(std::uint64_t most, removed_step& step);

    database& db_;
    file_table& files_;
    change_table& changes_;
    statement oldest_, remove_reasons_, remove_file_, oldest_claim_, remove_attempts_, free_, count_, newest_time_;
};

}  // namespace consent_sync::ledger
