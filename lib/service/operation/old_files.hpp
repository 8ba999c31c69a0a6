// Removes old files and old days of reports in small steps. Blocking.
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

// How many files of `folder`, or days of `reports`, are older than `before`, and how many there are in all.
base::result<old_share> count_old_files(const std::string& folder, base::wall_time before);
base::result<old_share> count_old_days(const std::string& reports, base::wall_time before);

// When something was last put into done/, refused/ or reports/. The epoch: they are empty.
base::wall_time newest_change(const config::folders& paths);

// Removes regular files that were put into `folder` before `before` (by their ctime), at most `most`.
base::result<removed_files> remove_old_files(const std::string& folder, base::wall_time before, std::size_t most);

// Removes day folders of `reports` whose day ended before `before`, with their content, at most `most` entries. A day
// is renamed to ".DATE.old" before its content is removed. Other names are left alone.
base::result<removed_files> remove_old_days(const std::string& reports, base::wall_time before, std::size_t most);

}  // namespace consent_sync::service
