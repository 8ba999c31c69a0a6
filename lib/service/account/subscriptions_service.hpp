// Asks HubSpot now and then which subscriptions the account has (rules.known_subscriptions), so that rows of others are
// invalid with the list of those that there are; and again before a file is read, if that was a minute ago, so that a
// subscription that was just made is known. Where HubSpot does not say (a missing scope, no network, a list in which
// anything is odd) it is one WARN, and nothing is checked but by what it said before. Home thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "async/task_group.hpp"
#include "service/account/freshness.hpp"
#include "service/account/lookup.hpp"
#include "service/common/environment.hpp"
#include "service/common/known_subscriptions.hpp"

namespace consent_sync::service {

class subscriptions_service {
  public:
    subscriptions_service(const environment& env, lookup& ask_hubspot);

    void start();
    void stop();
    // Whether a file may be judged by what is known. False: HubSpot is being asked again; look again soon.
    bool is_fresh();
    // Null: nobody knows, or nobody is to ask any more.
    known_subscriptions known() const { return env_.settings.rules.known_subscriptions ? known_ : nullptr; }

  private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<bool> ask();
    void failed(const std::string& words);
    boost::asio::awaitable<void> sleep(base::milliseconds most);

    environment env_;
    lookup& lookup_;
    boost::asio::steady_timer wake_;
    freshness fresh_;
    async::task_group tasks_;
    known_subscriptions known_;
    bool warned_ = false;
};

}  // namespace consent_sync::service
