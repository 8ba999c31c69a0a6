#include "service/subscriptions_service.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/log_task_failed.hpp"
#include "base/log.hpp"
#include "hubspot/explain.hpp"
#include "service/delivery_service.hpp"

namespace consent_sync::service {
namespace {

constexpr base::milliseconds ask_every{6 * 3'600'000};
constexpr base::milliseconds ask_again{5 * 60'000};  // after a failure
constexpr base::milliseconds look_for_slot{200};
constexpr base::milliseconds look_at_rule{60'000};

}  // namespace

subscriptions_service::subscriptions_service(const boost::asio::any_io_executor& home, const base::clock& clock,
                                             const config::settings& settings, lookup& ask_hubspot, learnt on_learnt)
    : home_(home),
      clock_(clock),
      settings_(settings),
      lookup_(ask_hubspot),
      on_learnt_(std::move(on_learnt)),
      wake_(home),
      tasks_(home, async::log_task_failed) {}

void subscriptions_service::start() { tasks_.spawn("subscriptions", run()); }

void subscriptions_service::stop() { tasks_.cancel(); }

boost::asio::awaitable<void> subscriptions_service::wait(base::milliseconds time) {
    boost::asio::steady_timer timer(home_, time);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

// The rule may be switched on and off by a reload.
boost::asio::awaitable<void> subscriptions_service::run() {
    while (true) {
        if (!settings_.rules.known_subscriptions) {
            if (known_) on_learnt_(known_ = nullptr);
            co_await sleep(look_at_rule);
            continue;
        }
        fresh_.begin(clock_.now().steady);
        while (!lookup_.take_slot()) co_await wait(look_for_slot);
        const bool told = co_await ask();
        fresh_.answered(clock_.now().steady);
        const auto until = clock_.now().steady + (told ? ask_every : ask_again);
        while (settings_.rules.known_subscriptions && !fresh_.is_wanted() && clock_.now().steady < until) {
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
    if (!settings_.rules.known_subscriptions || fresh_.is_fresh(clock_.now().steady)) return true;
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
    on_learnt_(known_);
    co_return true;
}

// What was known stays known: subscriptions seldom go away.
void subscriptions_service::failed(const std::string& words) {
    if (!warned_)
        base::log_event(base::level::warn, "subscriptions.not_known",
                        {{"words", words + (known_ ? "; rows are judged by what HubSpot said before"
                                                   : "; subscriptions are not checked before they are sent")}});
    warned_ = true;
    if (!known_) on_learnt_(nullptr);
}

}  // namespace consent_sync::service
