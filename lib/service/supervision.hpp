// Between the daemon and systemd: ready, what is going on, alive, reloading, stopping.
//
// Home thread only, and that is the point: the watchdog is fed by a handler of this thread, and only while what the
// engine wanted to do by now has been done (observe/watchdog.hpp).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "observe/status_line.hpp"
#include "observe/watchdog.hpp"

namespace consent_sync::service {

class supervision {
  public:
    struct sources {
        std::function<observe::status_facts()> facts;
        std::function<std::optional<base::steady_time>()> due;  // when the engine wants to be called next
    };

    supervision(const boost::asio::any_io_executor& home, const base::clock& clock, sources from);

    void ready();
    void reloading();
    void reloaded();
    void changed();                           // what the status says is out of date: it is told at once
    void stopping(base::milliseconds grace);  // the alive notices go on until ended()
    void ended();

  private:
    void feed();
    void tell_status_after(base::milliseconds wait);
    void log_progress(const observe::status_facts& facts);  // once a minute while changes wait

    const base::clock& clock_;
    sources from_;
    boost::asio::steady_timer feed_timer_, status_timer_;
    std::optional<observe::progress_watch> watch_;
    std::string told_;
    base::steady_time logged_at_{};
    bool ready_ = false;
    bool stopping_ = false;
    bool stalled_ = false;
};

// To be called while the start makes progress, one thread at a time: systemd then waits on, as a migration may take
// longer than TimeoutStartSec=. It is told at most once in `every`.
std::function<void()> extend_start(base::milliseconds every = base::milliseconds(5'000));

}  // namespace consent_sync::service
