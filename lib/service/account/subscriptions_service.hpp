// Asks HubSpot from time to time which subscriptions the account has (rules.known_subscriptions), so that rows with
// other subscriptions are invalid and their message lists the existing ones. Before a file is read it asks again if the
// last answer is older than a minute, so that a new subscription is known. If HubSpot does not answer with a
// well-formed list (missing scope, no network), that is one WARN, and rows are checked by the last good list, if there
// is one. Home thread.
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
    // Whether files may be judged by what is known. False: HubSpot is being asked again; call again soon.
    bool is_fresh();
    // Null: they are not known, or the rule is switched off.
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
