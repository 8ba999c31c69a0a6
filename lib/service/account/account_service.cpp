#include "service/account/account_service.hpp"

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "async/log_task_failed.hpp"
#include "async/wait.hpp"
#include "base/log.hpp"
#include "base/time_zone.hpp"
#include "hubspot/account_info.hpp"

namespace consent_sync::service {
namespace {

constexpr base::milliseconds ask_account_every{12 *
                                               3'600'000};    // an operator may change it, and an offset has its summer
constexpr base::milliseconds ask_account_again{30 * 60'000};  // after a failure
constexpr base::milliseconds look_first{1'000};               // whether there is a daily limit; growing to
constexpr base::milliseconds look_max{60'000};

}  // namespace

account_service::account_service(const environment& env, delivery::engine& engine, lookup& ask_hubspot,
                                 std::string zone)
    : env_(env),
      engine_(engine),
      lookup_(ask_hubspot),
      zone_(std::move(zone)),
      tasks_(env.home, async::log_task_failed) {}

void account_service::start() { tasks_.spawn("account", run()); }

void account_service::stop() { tasks_.cancel(); }

delivery::budget::next_midnight account_service::midnight(const config::settings& settings, const std::string& told) {
    const std::string& zone = settings.limits.time_zone.empty() ? told : settings.limits.time_zone;
    if (zone.empty()) return nullptr;
    return [zone](base::wall_time t) { return base::next_midnight(zone, t); };
}

bool account_service::wanted() const {
    return env_.settings.limits.time_zone.empty() && engine_.status(env_.clock.now()).daily_limit.has_value();
}

boost::asio::awaitable<void> account_service::run() {
    base::milliseconds look = look_first;
    while (true) {
        while (!wanted() || !lookup_.take_slot()) {
            co_await async::wait(env_.home, look);
            look = std::min(look * 2, look_max);
        }
        const bool told = co_await ask();
        const auto until = env_.clock.now().steady + (told ? ask_account_every : ask_account_again);
        while (env_.clock.now().steady < until) co_await async::wait(env_.home, look_max);
    }
}

// The slot for the first request is taken already.
boost::asio::awaitable<bool> account_service::ask() {
    const lookup::reply details = co_await lookup_.get(hubspot::account_details_path);
    std::string words = details.words;
    if (details.ok()) {
        const auto info = hubspot::parse_account_info(details.body);
        if (info && !info->time_zone.empty() && base::check_time_zone(info->time_zone)) {
            learn(info->time_zone);
            co_return true;
        }
        if (info && info->utc_offset) {
            learn(base::zone_of_offset(*info->utc_offset));
            co_return true;
        }
        words = info ? base::check_time_zone(info->time_zone).error().message : info.error().message;
    }
    if (details.status != 0 && lookup_.take_slot()) {
        const lookup::reply usage = co_await lookup_.get(hubspot::account_usage_path);
        const auto offset = hubspot::parse_daily_reset(usage.body);
        if (usage.ok() && offset) {
            learn(base::zone_of_offset(*offset));
            co_return true;
        }
    }
    if (!warned_)
        base::log_event(base::level::warn, "account.time_zone_not_known",
                        {{"words", "HubSpot does not tell the account's time zone: " + words +
                                       "; set limits.time_zone. Until then the end of a used-up day is found by a "
                                       "request every 30 minutes"}});
    warned_ = true;
    co_return false;
}

void account_service::learn(std::string zone) {
    warned_ = false;
    if (zone == zone_) return;
    zone_ = std::move(zone);
    base::log_event(base::level::info, "account.time_zone", {{"zone", zone_}});
    env_.ledger.submit([told = zone_](ledger::store& s) { s.duties().put_meta_text("time_zone", told); }, [] {});
    engine_.configure(env_.settings, midnight());
}

}  // namespace consent_sync::service
