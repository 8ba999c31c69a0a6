#include "config/folders.hpp"

#include <cstring>
#include <utility>

#include "base/file.hpp"

namespace consent_sync::config {

folders derive_folders(const settings& s) {
    using base::join_path;
    const std::string inbox = s.inbox.dir.empty() ? join_path(s.state_dir, "inbox") : s.inbox.dir;
    const std::string work = s.inbox.work_dir.empty() ? s.state_dir : s.inbox.work_dir;
    return {.state = s.state_dir,
            .inbox = inbox,
            .processing = join_path(work, "processing"),
            .done = join_path(work, "done"),
            .refused = join_path(work, "refused"),
            .reports = join_path(s.state_dir, "reports"),
            .ledger = join_path(s.state_dir, "ledger.db")};
}

std::string why_private(const settings& s) {
    const folders all = derive_folders(s);
    for (const auto& [key, path] : {std::pair<const char*, const std::string&>{"inbox.dir", all.inbox},
                                    {"inbox.work_dir", all.processing},
                                    {"state_dir", all.state}})
        for (const char* shared : {"/tmp/", "/var/tmp/"})
            if (path.starts_with(shared))
                return std::string(key) + " is below " + std::string(shared, std::strlen(shared) - 1) +
                       ": the unit has a private folder there (PrivateTmp=yes), which other users cannot see, so dropped "
                       "files would never be found; choose a folder below /var/lib or /srv";
    return {};
}

}  // namespace consent_sync::config
