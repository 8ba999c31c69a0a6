// Opens the ledger at the start: checks it after a crash, migrates and recovers it, settles claims that a crash cut,
// and finds out whether it holds all that was committed (lost_commits).
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
    ledger::recovery past;  // with the pause `operator` for a ledger that lacks commits
    std::vector<ledger::file_record> open_files;
    base::wall_time proven;  // where retention's time goes on (proven_time)
};

// Errors: corrupt, with what is damaged and how to go on; nothing was changed then. io, no_space, unsupported.
base::result<opened_ledger> open_ledger(const config::settings& settings, const config::folders& paths,
                                        base::moment now);

// For a ledger that SQLite calls corrupt while the daemon runs: opened again if reading all of it finds no damage.
base::result<std::unique_ptr<ledger::store>> check_and_open(const std::string& path);

}  // namespace consent_sync::service
