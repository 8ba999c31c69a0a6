// What the daemon tells systemd: sd_notify(3). Without $NOTIFY_SOCKET nothing is sent. Thread-safe, never blocks for
// long; a notice that cannot be sent is dropped, as systemd's own timeouts answer for that.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"

namespace consent_sync::observe {

// `status` is what `systemctl status` shows: one line, redacted by its maker (status_line.hpp).
void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();  // ends with notify_ready()
void notify_stopping(const std::string& status);
// Starting, reloading or stopping takes longer: systemd waits at least so long from now on.
void notify_extend_timeout(base::milliseconds by);
void notify_starting(const std::string& status, base::milliseconds by);
void notify_alive();  // feeds the watchdog

// How often systemd wants to hear notify_alive() (WatchdogSec=); nothing: never.
std::optional<base::milliseconds> watchdog_interval();

}  // namespace consent_sync::observe
