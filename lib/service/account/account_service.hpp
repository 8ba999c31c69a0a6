// Asks HubSpot for the account's time zone where limits.time_zone is "auto": the day's requests are counted anew at its
// midnight. Asked only where a daily limit is known, and again twice a day; what was told is kept in the ledger. Where
// HubSpot does not say (a missing scope) it is one WARN, and the end of a used-up day is found by probes. Home thread.
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
    // `zone`: as the ledger has it from before.
    account_service(const environment& env, delivery::engine& engine, lookup& ask_hubspot, std::string zone);

    void start();
    void stop();

    // By the configured zone, or the one that HubSpot told; empty where neither is known.
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
