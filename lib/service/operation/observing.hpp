// Where others look at the daemon and steer it: the monitor's port and the control socket.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "observe/control_server.hpp"
#include "observe/counters.hpp"
#include "observe/monitor_server.hpp"
#include "service/common/environment.hpp"
#include "service/operation/control_service.hpp"
#include "service/operation/snapshot_service.hpp"

namespace consent_sync::service {

class observing {
  public:
    observing(const environment& env, const observe::counters& counts, snapshot_service& snapshots,
              control_service& control);

    void start();  // if a port or socket is not available, that is a WARN
    void stop();   // accepts no further requests
    // Waits until the replies under way are sent, or their connections closed.
    boost::asio::awaitable<bool> drain(base::steady_time deadline);

  private:
    environment env_;
    observe::monitor_server monitor_;
    observe::control_server socket_;
};

}  // namespace consent_sync::service
