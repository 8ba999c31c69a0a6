// Keeps a second daemon out of a state folder: an flock on the folder itself, and one on its file "lock", both held
// until destruction or the process ends. The file can be removed, and then a new one locked by somebody else; the
// folder cannot without taking the ledger with it. The file keeps out daemons of older versions, which lock nothing
// else, and holds the id of the process. Whoever may read the folder can lock it too: a lock on the folder by a process
// of another user that is not root counts for nothing. The file is for its owner alone.
#pragma once

#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::ledger {

class state_lock {
  public:
    // busy: another process holds one of them; the message names its id. Where the file cannot be made because its
    // disk is full, the folder's lock is enough.
    static base::result<state_lock> take(const std::string& state_dir);

  private:
    state_lock(base::unique_fd folder, base::unique_fd file) : folder_(std::move(folder)), file_(std::move(file)) {}
    base::unique_fd folder_, file_;
};

}  // namespace consent_sync::ledger
