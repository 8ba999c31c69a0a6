// Whether the logic thread makes progress, which is what systemd's watchdog is fed with. Pure; asked on that thread
// itself, so a thread that hangs asks no more.
//
// Progress is more than a turn of the event loop: what the engine wanted to do by a certain time must have been done. A
// wake-up that was lost leaves a loop that turns and sends nothing; systemd then starts the daemon again.
#pragma once

#include <optional>

#include "base/clock.hpp"

namespace consent_sync::observe {

class progress_watch {
  public:
    // `interval`: systemd's WatchdogSec=.
    explicit progress_watch(base::milliseconds interval) : interval_(interval) {}

    base::milliseconds ask_every() const { return interval_ / 4; }
    // `due`: when the engine wants to be called next; nothing: it waits for events alone.
    bool moves(std::optional<base::steady_time> due, base::steady_time now) const {
        return !due || now - *due < interval_ / 2;
    }

  private:
    base::milliseconds interval_;
};

}  // namespace consent_sync::observe
