// Asks HubSpot for the account's time zone if limits.time_zone is "auto": the daily limit starts anew at its midnight.
// It asks only if there is a daily limit, and again twice a day; the ledger keeps the answer. If HubSpot does not
// answer (a missing scope), that is one WARN, and probes find the end of a used-up day. Home thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

#include "async/task_group.hpp"
#include "config/settings.hpp"
#include "delivery/engine.hpp"
#include "service/account/lookup.hpp"
#include "service/common/environment.hpp"

namespace consent_sync::service {

class account_service {
  public:
    // `zone`: the last known one, from the ledger.
    account_service(const environment& env, delivery::engine& engine, lookup& ask_hubspot, std::string zone);

    void start();
    void stop();

    // In the configured zone, or in the one that HubSpot named. Empty: neither is known.
    delivery::budget::next_midnight midnight() const { return midnight(env_.settings, zone_); }
    static delivery::budget::next_midnight midnight(const config::settings& settings, const std::string& told);

  private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<bool> ask();
    bool wanted() const;
    void learn(std::string zone);

    environment env_;
    delivery::engine& engine_;
    lookup& lookup_;
    std::string zone_;
    async::task_group tasks_;
    bool warned_ = false;
};

}  // namespace consent_sync::service
