// The daemon: builds all parts, and starts and stops them in order.
//
// Start: state lock → ledger (checked, recovered) → pipeline and what operates it. Stop (SIGTERM, SIGINT): nothing new
// is claimed or begun; requests in flight may finish within stop_grace, and count as unanswered if they do not; reports
// are written; the ledger is closed. A second signal ends the grace period at once. SIGHUP reads the configuration
// again. systemd is notified of each of these (observe/notify.hpp).
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/settings.hpp"

namespace consent_sync::service {

// Runs until a signal. Error: the daemon could not start, or the ledger is damaged. `settings`: from
// load_checked(config_path).
base::result<void> run_daemon(config::settings settings, const std::string& config_path);

}  // namespace consent_sync::service
