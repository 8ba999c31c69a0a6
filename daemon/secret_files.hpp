// The files of tokens and secrets that the configuration names, as `check` can judge them before the daemon starts.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace consent_sync::daemon {

// One sentence a fault. What only the service's user may read is no fault when somebody else asks; root asks for that
// user, who is the owner of the state folder. Credentials of systemd are judged where they can be seen.
std::vector<std::string> find_secret_faults(const config::settings& settings);

}  // namespace consent_sync::daemon
