// The ledger: the durable queue and record of everything that was accepted. SQLite, one connection, one thread.
//
// Every change of it runs inside transact(): when that returns, all of the change is on disk, or none of it is there.
// Errors: no_space (nothing is lost; try again when there is room), corrupt (never repaired silently), io.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "ledger/attempt_table.hpp"
#include "ledger/change_table.hpp"
#include "ledger/database.hpp"
#include "ledger/duty_table.hpp"
#include "ledger/file_steering.hpp"
#include "ledger/file_table.hpp"
#include "ledger/key_scans.hpp"
#include "ledger/overtakes.hpp"
#include "ledger/retention.hpp"
#include "ledger/standing_opt_outs.hpp"

namespace consent_sync::ledger {

// Names in the meta table: attempts and batches of a lost part of the ledger had ids up to these.
inline constexpr const char* attempt_floor = "attempt_floor";
inline constexpr const char* batch_floor = "batch_floor";

class store {
  public:
    // Opens or makes the ledger at `path` (or ":memory:"). `working` is called every few milliseconds of that, and of
    // all later work until on_progress() changes it. Error: unsupported, another version wrote it.
    static base::result<std::unique_ptr<store>> open(const std::string& path, std::function<void()> working = {});
    void on_progress(std::function<void()> working) { db_->on_progress(std::move(working)); }

    // Runs `work` as one transaction and commits it durably. On an error nothing of it remains, unless the commit
    // itself failed: then it may be on disk (its sync failed and its bytes were there), as after a crash. The
    // caller gives all tries of one piece of work the same `mark`, a number above all earlier ones: work that is on
    // disk already is not run again.
    base::result<void> transact(const std::function<void(store&)>& work, std::int64_t mark = 0);
    // The mark of the newest commit that was given one and changed anything; 0: none ever was.
    std::int64_t newest_mark() const { return newest_mark_; }

    file_table& files() { return files_; }
    change_table& changes() { return changes_; }
    attempt_table& attempts() { return attempts_; }
    duty_table& duties() { return duties_; }
    newer_changes& newer() { return newer_; }
    older_changes& older() { return older_; }
    file_steering& steering() { return steering_; }
    retention& old() { return old_; }
    standing_opt_outs& standing() { return standing_; }
    const overtakes& ahead() const { return ahead_; }

    struct applied {
        std::vector<consent::arrival_number> files;  // whose last row it settled
        std::vector<std::size_t> refused;            // places in `settled`: a verdict for a change that has one
    };
    // Inside transact(): what the engine wants on record. A change that has its verdict keeps it, and a change that is
    // not there gets none: that is a bug, and it affects no other change.
    applied apply(const ledger_change& change);

    // Inside transact(), once at start: ends the attempts that a crash left open, makes their keys unquiet until
    // `now` + `window`, and says where delivery goes on. `since`: how far back send times matter to the limiter.
    recovery recover(base::wall_time now, base::milliseconds window);

  private:
    explicit store(std::unique_ptr<database> db);
    bool run_marked(const std::function<void(store&)>& work, std::int64_t mark);
    std::vector<std::pair<consent::place, consent::place>> stored_ranges();
    void interrupt_open_attempts(base::wall_time now, base::milliseconds window, recovery& out);

    std::unique_ptr<database> db_;
    std::int64_t newest_mark_ = 0;
    statement begin_, commit_;
    file_table files_;
    overtakes ahead_;
    change_table changes_;
    attempt_table attempts_;
    duty_table duties_;
    newer_changes newer_;
    older_changes older_;
    file_steering steering_;
    retention old_;
    standing_opt_outs standing_;
};

}  // namespace consent_sync::ledger
