// What operators ask over the control socket, done: pauses, and files that go again, are released or sent back. Each is
// on disk before the reply says so, and is logged with the uid that asked. Home thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "base/clock.hpp"
#include "observe/control_message.hpp"
#include "service/delivery_service.hpp"
#include "service/importing.hpp"
#include "service/ledger_thread.hpp"
#include "service/reloading.hpp"
#include "service/snapshot_service.hpp"

namespace consent_sync::service {

class control_service {
  public:
    struct others {
        std::function<void()> files_settled;  // a file may have no row left without a verdict
        std::function<known_subscriptions()> subscriptions;
        std::function<bool(const std::string&)> has_config;  // whether this daemon runs with that configuration
        std::function<boost::asio::awaitable<reload_outcome>()> reload;
        std::function<std::string()> kept;     // what waits to be removed, and for what; empty: nothing does
        std::function<std::string()> trouble;  // why no file is taken; empty: they are
    };

    control_service(const base::clock& clock, const config::settings& settings, delivery_service& delivery,
                    ledger_thread& ledger, snapshot_service& snapshots, others o);

    boost::asio::awaitable<observe::control_reply> perform(observe::control_request request, unsigned uid);

  private:
    boost::asio::awaitable<observe::control_reply> status();
    observe::control_reply subscriptions() const;
    boost::asio::awaitable<observe::control_reply> pause(observe::control_request request, unsigned uid);
    boost::asio::awaitable<observe::control_reply> resume(unsigned uid);
    boost::asio::awaitable<observe::control_reply> reload(observe::control_request request, unsigned uid);
    boost::asio::awaitable<observe::control_reply> steer(observe::control_request request, unsigned uid);
    boost::asio::awaitable<void> on_disk();

    const base::clock& clock_;
    const config::settings& settings_;
    delivery_service& delivery_;
    ledger_thread& ledger_;
    snapshot_service& snapshots_;
    others others_;
};

}  // namespace consent_sync::service
