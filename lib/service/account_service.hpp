// Asks HubSpot for the account's time zone where limits.time_zone is "auto": the day's requests are counted anew at its
// midnight. Asked only where a daily limit is known, and again twice a day; what was told is kept in the ledger. Where
// HubSpot does not say (a missing scope) it is one WARN, and the end of a used-up day is found by probes. Home thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "async/task_group.hpp"
#include "base/clock.hpp"
#include "config/settings.hpp"
#include "delivery/engine.hpp"
#include "service/ledger_thread.hpp"
#include "service/lookup.hpp"

namespace consent_sync::service {

class account_service {
  public:
    using learnt = std::function<void()>;  // midnight() is another one

    // `zone`: as the ledger has it from before.
    account_service(const boost::asio::any_io_executor& home, const base::clock& clock,
                    const config::settings& settings, delivery::engine& engine, lookup& ask_hubspot,
                    ledger_thread& ledger, std::string zone, learnt on_learnt);

    void start();
    void stop();

    // By the configured zone, or the one that HubSpot told; empty where neither is known.
    delivery::budget::next_midnight midnight() const { return midnight(settings_, zone_); }
    static delivery::budget::next_midnight midnight(const config::settings& settings, const std::string& told);

  private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<bool> ask();
    boost::asio::awaitable<void> wait(base::milliseconds time);
    bool wanted() const;
    void learn(std::string zone);

    boost::asio::any_io_executor home_;
    const base::clock& clock_;
    const config::settings& settings_;
    delivery::engine& engine_;
    lookup& lookup_;
    ledger_thread& ledger_;
    std::string zone_;
    learnt on_learnt_;
    async::task_group tasks_;
    bool warned_ = false;
};

}  // namespace consent_sync::service
