// Files that were read and are written to all the same: a writer that kept its descriptor goes on in processing/, done/
// or refused/. What it adds becomes a file of its own, with a number of its own, since files that arrived in between
// are older; it is a second name (a hard link) of the same file, read from where the first one ended.
//
// Blocking, but for grown_files, which is pure.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "ledger/records.hpp"
#include "service/pipeline/file_reading.hpp"

namespace consent_sync::service {

// How long after it was done a file is looked after, and how many files at most: the newest.
inline constexpr std::chrono::hours watched_for{24};
inline constexpr std::size_t watched_most = 10'000;

struct changed_file {
    ledger::file_record file;
    file_stamp now;
};

// Those that are not as they were when they were read.
std::vector<changed_file> find_changed(const std::vector<ledger::file_record>& files,
                                       const intake::work_folders& folders);

// What became of a file's content.
struct what_changed {
    enum class kind {
        nothing,    // its times alone
        appended,   // it goes on from `from`
        rewritten,  // it is another content: from 0
        removed,    // nothing is left, or only the first part of what was read
    };
    kind what = kind::nothing;
    std::uint64_t from = 0;  // of the content, decompressed
};
base::result<what_changed> compare_content(const changed_file& changed, const intake::work_folders& folders,
                                           const std::atomic<bool>& stop);

// Gives `file`, which lies in processing/, done/ or refused/, the name of `next` in processing/ too. Where the file
// system has no second names it is moved there, once it is done. Idempotent. Errors: not_found: it is
// gone; busy: it can be moved only when it is done.
base::result<void> continue_in_processing(const ledger::file_record& file, const ledger::file_record& next,
                                          const intake::work_folders& folders);

// Which changes are to be looked into: a file must have been still for the settle time, or have been changing for
// unfinished_factor times as long.
class grown_files {
  public:
    // Of those that were found changed now, the ones that are due. What is not among them any more is forgotten.
    std::vector<changed_file> due(std::vector<changed_file> found, base::steady_time now, base::milliseconds settle);
    // Nothing more is to be said of this state of the file.
    void settled(const changed_file& file) { known_[file.file.arrival].told = file.now; }
    bool any_waits() const;

  private:
    struct change {
        file_stamp last;
        base::steady_time first_seen{}, still_since{};
        std::optional<file_stamp> told;
    };
    std::map<consent::arrival_number, change> known_;
};

}  // namespace consent_sync::service
