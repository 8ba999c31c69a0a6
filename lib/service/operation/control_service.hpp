// What operators ask over the control socket, done: pauses, and files that go again, are released or sent back. Each is
// on disk before the reply says so, and is logged with the uid that asked. Home thread.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "observe/control_message.hpp"
#include "service/common/environment.hpp"
#include "service/operation/reloading.hpp"
#include "service/operation/snapshot_service.hpp"
#include "service/pipeline/pipeline.hpp"

namespace consent_sync::service {

class control_service {
  public:
    control_service(const environment& env, pipeline& all, snapshot_service& snapshots, reloading& reload);

    boost::asio::awaitable<observe::control_reply> perform(observe::control_request request, unsigned uid);

  private:
    boost::asio::awaitable<observe::control_reply> status();
    observe::control_reply subscriptions() const;
    boost::asio::awaitable<observe::control_reply> pause(observe::control_request request, unsigned uid);
    boost::asio::awaitable<observe::control_reply> resume(unsigned uid);
    boost::asio::awaitable<observe::control_reply> reload(observe::control_request request, unsigned uid);
    boost::asio::awaitable<observe::control_reply> steer(observe::control_request request, unsigned uid);
    boost::asio::awaitable<void> on_disk();

    environment env_;
    pipeline& pipeline_;
    snapshot_service& snapshots_;
    reloading& reloading_;
};

}  // namespace consent_sync::service
