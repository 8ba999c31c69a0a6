#include "service/account/subscriptions_service.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/log_task_failed.hpp"
#include "async/wait.hpp"
#include "base/log.hpp"
#include "hubspot/explain.hpp"

namespace consent_sync::service {
namespace {

constexpr base::milliseconds ask_every{6 * 3'600'000};
constexpr base::milliseconds ask_again{5 * 60'000};  // after a failure
constexpr base::milliseconds look_for_slot{200};
constexpr base::milliseconds look_at_rule{60'000};

}  // namespace

subscriptions_service::subscriptions_service(const environment& env, lookup& ask_hubspot)
    : env_(env), lookup_(ask_hubspot), wake_(env.home), tasks_(env.home, async::log_task_failed) {}

void subscriptions_service::start() { tasks_.spawn("subscriptions", run()); }

void subscriptions_service::stop() { tasks_.cancel(); }

// The rule may be switched on and off by a reload.
boost::asio::awaitable<void> subscriptions_service::run() {
    while (true) {
        if (!env_.settings.rules.known_subscriptions) {
            known_ = nullptr;
            co_await sleep(look_at_rule);
            continue;
        }
        fresh_.begin(env_.clock.now().steady);
        while (!lookup_.take_slot()) co_await async::wait(env_.home, look_for_slot);
        const bool told = co_await ask();
        fresh_.answered(env_.clock.now().steady);
        const auto until = env_.clock.now().steady + (told ? ask_every : ask_again);
        while (env_.settings.rules.known_subscriptions && !fresh_.is_wanted() && env_.clock.now().steady < until) {
            co_await sleep(look_at_rule);
        }
    }
}

// Ends early when somebody wants to know at once.
boost::asio::awaitable<void> subscriptions_service::sleep(base::milliseconds most) {
    wake_.expires_after(most);
    co_await wake_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

bool subscriptions_service::is_fresh() {
    if (!env_.settings.rules.known_subscriptions || fresh_.is_fresh(env_.clock.now().steady)) return true;
    wake_.cancel();
    return false;
}

boost::asio::awaitable<bool> subscriptions_service::ask() {
    const lookup::reply told = co_await lookup_.get(hubspot::definitions_path);
    if (!told.ok()) {
        failed(told.words + (told.status == 403 ? ": the token lacks a scope that may read them, such as "
                                                  "communication_preferences.read"
                                                : ""));
        co_return false;
    }
    auto found = hubspot::parse_definitions(told.body);
    if (!found) {
        failed(found.error().message);
        co_return false;
    }
    if (!known_ || known_->size() != found->size())
        base::log_event(base::level::info, "subscriptions.known", {{"subscriptions", found->size()}});
    known_ = std::make_shared<const std::vector<hubspot::subscription_definition>>(std::move(*found));
    warned_ = false;
    co_return true;
}

// What was known stays known: subscriptions are seldom removed.
void subscriptions_service::failed(const std::string& words) {
    if (!warned_)
        base::log_event(base::level::warn, "subscriptions.not_known",
                        {{"words", words + (known_ ? "; rows are judged by what HubSpot said before"
                                                   : "; subscriptions are not checked before they are sent")}});
    warned_ = true;
}

}  // namespace consent_sync::service
