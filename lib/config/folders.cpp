#include "config/folders.hpp"

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

}  // namespace consent_sync::config
