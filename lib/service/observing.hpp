// All that looks at the daemon and steers it, in one place: counters, snapshots, the monitor's port, the control
// socket.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>

#include "base/clock.hpp"
#include "config/settings.hpp"
#include "observe/control_server.hpp"
#include "observe/counters.hpp"
#include "observe/monitor_server.hpp"
#include "service/control_service.hpp"
#include "service/snapshot_service.hpp"

namespace consent_sync::service {

class observing {
  public:
    observing(const boost::asio::any_io_executor& home, boost::asio::thread_pool& blocking, const base::clock& clock,
              const config::settings& settings, delivery_service& delivery, ledger_thread& ledger,
              control_service::others others);

    // Called when a pause begins or ends, and when there is a newer picture than latest() gave.
    void set_listener(std::function<void()> l) { on_change_ = std::move(l); }
    void start();  // a port or a socket that cannot be had is a WARN
    void begin_stop() { snapshots_.begin_stop(); }
    void stop();  // nobody new is answered any more
    // Waits until those who were being answered have their answer, or are gone.
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

    observe::counters& counts() { return counts_; }
    // The last picture, nullptr: there is none yet; if it is not fresh, a newer one is made.
    const observe::snapshot* latest();

  private:
    boost::asio::awaitable<void> refresh();

    const base::clock& clock_;
    const config::settings& settings_;
    delivery_service& delivery_;
    observe::counters counts_;
    snapshot_service snapshots_;
    std::function<void()> on_change_;
    control_service control_;
    async::task_group tasks_;
    observe::monitor_server monitor_;
    observe::control_server socket_;
};

}  // namespace consent_sync::service
