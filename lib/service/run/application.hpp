// The daemon: builds all objects, starts them in order, stops them in order.
//
// Start: state lock → ledger (migrated, recovered) → engine → token → intake → reports. Stop (SIGTERM, SIGINT): no new
// claims, nothing more is begun, requests in flight end within stop_grace (what is cut is unanswered), reports are
// written, the ledger is closed. A second signal ends the grace at once. SIGHUP reads the configuration again. systemd
// is told of all that (observe/notify.hpp).
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/settings.hpp"

namespace consent_sync::service {

// Runs until a signal. An error: it could not start, or the ledger is damaged.
// `settings` come from load_checked(config_path).
base::result<void> run_daemon(config::settings settings, const std::string& config_path);

}  // namespace consent_sync::service
