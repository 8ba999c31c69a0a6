// Messages to systemd by sd_notify(3). Without $NOTIFY_SOCKET nothing is sent. Thread-safe; never blocks for long. A
// message that cannot be sent is dropped: systemd's own timeouts cover that case.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"

namespace consent_sync::observe {

// `status`: what `systemctl status` shows, one line that is already redacted (status_line.hpp).
void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();  // ends with notify_ready()
void notify_stopping(const std::string& status);
// Starting, reloading or stopping takes longer: systemd waits at least this long from now on.
void notify_extend_timeout(base::milliseconds by);
void notify_starting(const std::string& status, base::milliseconds by);
void notify_alive();  // feeds the watchdog

// The interval in which systemd expects notify_alive() (WatchdogSec=); nothing: there is no watchdog.
std::optional<base::milliseconds> watchdog_interval();

// Whether the home thread makes progress, and so whether to call notify_alive(). Pure. It is asked on that thread
// itself, so a thread that hangs does not ask any more.
//
// A turning event loop is not enough: what the engine wanted to do by a certain time must have been done. If a wake-up
// was lost, the loop turns and nothing is sent; systemd then restarts the daemon.
class progress_watch {
  public:
    // `interval`: systemd's WatchdogSec=.
    explicit progress_watch(base::milliseconds interval) : interval_(interval) {}

    base::milliseconds ask_every() const { return interval_ / 4; }
    // `due`: when the engine wants to be called next; nothing: it waits only for events.
    bool moves(std::optional<base::steady_time> due, base::steady_time now) const {
        return !due || now - *due < interval_ / 2;
    }

  private:
    base::milliseconds interval_;
};

}  // namespace consent_sync::observe
