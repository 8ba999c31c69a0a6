// Asks HubSpot now and then which subscriptions the account has (rules.known_subscriptions), so that rows of others are
// invalid with the list of those that there are; and again before a file is read, if that was a minute ago, so that a
// subscription that was just made is known. Where HubSpot does not say (a missing scope, no network, a list in which
// anything is odd) it is one WARN, and nothing is checked but by what it said before. Home thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "async/task_group.hpp"
#include "base/clock.hpp"
#include "config/settings.hpp"
#include "service/freshness.hpp"
#include "service/importing.hpp"
#include "service/lookup.hpp"

namespace consent_sync::service {

class subscriptions_service {
  public:
    using learnt = std::function<void(known_subscriptions)>;  // null: HubSpot did not say

    subscriptions_service(const boost::asio::any_io_executor& home, const base::clock& clock,
                          const config::settings& settings, lookup& ask_hubspot, learnt on_learnt);

    void start();
    void stop();
    // Whether a file may be judged by what is known. False: HubSpot is being asked again; look again soon.
    bool is_fresh();
    // Null: nobody knows, or nobody is to ask any more.
    known_subscriptions known() const { return settings_.rules.known_subscriptions ? known_ : nullptr; }

  private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<bool> ask();
    void failed(const std::string& words);
    boost::asio::awaitable<void> wait(base::milliseconds time);
    boost::asio::awaitable<void> sleep(base::milliseconds most);

    boost::asio::any_io_executor home_;
    const base::clock& clock_;
    const config::settings& settings_;
    lookup& lookup_;
    learnt on_learnt_;
    boost::asio::steady_timer wake_;
    freshness fresh_;
    async::task_group tasks_;
    known_subscriptions known_;
    bool warned_ = false;
};

}  // namespace consent_sync::service
