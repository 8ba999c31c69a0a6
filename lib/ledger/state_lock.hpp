// Keeps a second daemon out of a state folder: an flock on its file "lock", held until destruction or the process ends.
#pragma once

#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::ledger {

class state_lock {
  public:
    // busy: another process holds it; the message names its id.
    static base::result<state_lock> take(const std::string& state_dir);

  private:
    explicit state_lock(base::unique_fd file) : file_(std::move(file)) {}
    base::unique_fd file_;
};

}  // namespace consent_sync::ledger
