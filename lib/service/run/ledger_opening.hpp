// Opens the ledger at the start: checks it after a crash, recovers it, completes claims that a crash interrupted, and
// finds out whether it contains everything that was committed (lost_commits).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/folders.hpp"
#include "config/settings.hpp"
#include "ledger/newest_commit.hpp"
#include "ledger/store.hpp"

namespace consent_sync::service {

struct opened_ledger {
    std::unique_ptr<ledger::store> store;
    std::optional<ledger::newest_commit> newest_commit;
    ledger::recovery past;  // includes the pause `operator` if the ledger lacks commits
    std::vector<ledger::file_record> open_files;
    base::wall_time proven;  // from which proven_time continues
};

// Errors: corrupt, with what is damaged and what to do, and nothing was changed; io, no_space, unsupported.
base::result<opened_ledger> open_ledger(const config::settings& settings, const config::folders& paths,
                                        base::moment now);

// For a ledger that SQLite reports as corrupt while the daemon runs: reads all of it, and opens it again if that finds
// no damage.
base::result<std::unique_ptr<ledger::store>> check_and_open(const std::string& path);

}  // namespace consent_sync::service
