// Checks the token and secret files of the configuration before the daemon starts, for `check`.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace consent_sync::daemon {

// One sentence per fault. A file that only the service's user may read is not a fault if another user runs the check;
// root checks on behalf of the service's user, the owner of the state folder. Credentials of systemd are checked where
// they can be seen.
std::vector<std::string> find_secret_faults(const config::settings& settings);

}  // namespace consent_sync::daemon
