// Carries out what operators request over the control socket: pauses, and files to be retried, released or refused. The
// result is on disk before the reply is sent, and is logged with the uid of the operator. Home thread.
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
