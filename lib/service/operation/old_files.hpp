// Removes old files and old days of reports, a little at a time. Blocking.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/folders.hpp"

namespace consent_sync::service {

struct removed_files {
    std::size_t files = 0;
    bool more = false;  // there is more to do
};

struct old_share {
    std::size_t old = 0;
    std::size_t all = 0;
};

// What the next two functions would remove in the end: files of all in `folder`, days of all in `reports`.
base::result<old_share> count_old_files(const std::string& folder, base::wall_time before);
base::result<old_share> count_old_days(const std::string& reports, base::wall_time before);

// When anything was last put into done/, refused/ or reports/; the epoch: they are empty.
base::wall_time newest_change(const config::folders& paths);

// Regular files of `folder` that were put there before `before` (their ctime), at most `most`.
base::result<removed_files> remove_old_files(const std::string& folder, base::wall_time before, std::size_t most);

// Folders of `reports` named by a day that ended before `before`, with all that is in them, at most `most` entries.
// A day is renamed to ".DATE.old" before anything of it goes. Other names are left alone.
base::result<removed_files> remove_old_days(const std::string& reports, base::wall_time before, std::size_t most);

}  // namespace consent_sync::service
