// Tells systemd that the daemon is ready, what it is doing, that it is alive, reloading or stopping.
//
// Home thread only, and deliberately so: a handler on this thread notifies the watchdog, and only while no work of the
// engine is overdue (observe/notify.hpp).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>

#include "async/task_group.hpp"
#include "base/clock.hpp"
#include "observe/notify.hpp"
#include "observe/status_line.hpp"

namespace consent_sync::service {

class supervision {
  public:
    // What is supervised.
    class subject {
      public:
        virtual observe::status_facts facts() = 0;  // as they were at the last refresh()
        virtual bool facts_are_fresh() const = 0;
        virtual boost::asio::awaitable<void> refresh() = 0;
        virtual std::optional<base::steady_time> due() = 0;  // when the engine wants to be called next

      protected:
        ~subject() = default;
    };

    supervision(const boost::asio::any_io_executor& home, const base::clock& clock, subject& of);

    void ready();
    void reloading();
    void reloaded();
    void changed();                           // the status is out of date: it is sent again at once
    void stopping(base::milliseconds grace);  // the alive notices go on until ended()
    void ended();
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

  private:
    observe::status_facts facts();
    boost::asio::awaitable<void> refresh();
    void feed();
    void tell_status_after(base::milliseconds wait);
    void log_progress(const observe::status_facts& facts);  // once a minute while changes wait

    const base::clock& clock_;
    subject& subject_;
    boost::asio::steady_timer feed_timer_, status_timer_;
    std::optional<observe::progress_watch> watch_;
    std::string told_;
    base::steady_time logged_at_{};
    async::task_group tasks_;
    bool ready_ = false;
    bool stopping_ = false;
    bool stalled_ = false;
};

// Returns a function to be called while the start makes progress, by one thread at a time. It makes systemd wait
// longer, since a start may take longer than TimeoutStartSec=; systemd is told at most once in `every`.
std::function<void()> extend_start(base::milliseconds every = base::milliseconds(5'000));

}  // namespace consent_sync::service
