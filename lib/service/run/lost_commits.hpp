// Finds out whether the ledger lacks commits that were on disk, and handles that. Causes: a damaged write-ahead log, of
// which SQLite takes only what lies before the damage, or an older ledger that was put in place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/folders.hpp"
#include "ledger/store.hpp"
#include "service/run/traces.hpp"

namespace consent_sync::service {

struct ledger_progress {
    std::int64_t generation = 0;
    std::int64_t commit = 0;
    consent::arrival_number arrival = 0;
    ledger::attempt_id attempt = 0;
    std::size_t odd_files = 0;  // open files whose counts are not those of their rows, and no operator knows of it
};

// What is known from the files beside the ledger, the folders and the reports.
struct progress_on_disk {
    std::optional<std::int64_t> generation;
    std::optional<std::int64_t> commit;
    consent::arrival_number arrival = 0;
    ledger::attempt_id attempt = 0;
};

// "newest commit 120 of 131; files up to 00000007 of 00000009". Empty: nothing is known to be missing.
std::string describe_lost(const ledger_progress& in, const progress_on_disk& seen);

// At most two hours of running or one start are lost, so what was finished in that time is in done/ and can be read
// again.
bool is_recent_loss(const ledger_progress& in, const progress_on_disk& seen);

inline constexpr const char* odd_files_known = "odd_files";  // in the ledger's meta table: that operators were told of
inline constexpr std::string_view lost_words = "the ledger is behind what lies beside it";

// Inside store::transact(): makes sure that no number of the lost part is given again and that its reports are kept,
// and takes files that only the lost part knew again, under their numbers and held. Returns the words for the operator.
std::string accept_loss(ledger::store& s, const traces& found, const ledger_progress& in, const progress_on_disk& seen,
                        base::wall_time now);

}  // namespace consent_sync::service
