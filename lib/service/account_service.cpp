#include "service/account_service.hpp"

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "async/log_task_failed.hpp"
#include "base/log.hpp"
#include "base/time_zone.hpp"
#include "hubspot/account_info.hpp"

namespace consent_sync::service {
namespace {

constexpr base::milliseconds ask_account_every{12 * 3'600'000};  // an operator may change it, and an offset has its summer
constexpr base::milliseconds ask_account_again{30 * 60'000};     // after a failure
constexpr base::milliseconds look_first{1'000};          // whether there is a daily limit; growing to
constexpr base::milliseconds look_max{60'000};

}  // namespace

account_service::account_service(const boost::asio::any_io_executor& home, const base::clock& clock,
                                 const config::settings& settings, delivery::engine& engine, lookup& ask_hubspot,
                                 ledger_thread& ledger, std::string zone, learnt on_learnt)
    : home_(home),
      clock_(clock),
      settings_(settings),
      engine_(engine),
      lookup_(ask_hubspot),
      ledger_(ledger),
      zone_(std::move(zone)),
      on_learnt_(std::move(on_learnt)),
      tasks_(home, async::log_task_failed) {}

void account_service::start() { tasks_.spawn("account", run()); }

void account_service::stop() { tasks_.cancel(); }

delivery::budget::next_midnight account_service::midnight(const config::settings& settings, const std::string& told) {
    const std::string& zone = settings.limits.time_zone.empty() ? told : settings.limits.time_zone;
    if (zone.empty()) return nullptr;
    return [zone](base::wall_time t) { return base::next_midnight(zone, t); };
}

boost::asio::awaitable<void> account_service::wait(base::milliseconds time) {
    boost::asio::steady_timer timer(home_, time);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

bool account_service::wanted() const {
    return settings_.limits.time_zone.empty() && engine_.status(clock_.now()).daily_limit.has_value();
}

boost::asio::awaitable<void> account_service::run() {
    base::milliseconds look = look_first;
    while (true) {
        while (!wanted() || !lookup_.take_slot()) {
            co_await wait(look);
            look = std::min(look * 2, look_max);
        }
        const bool told = co_await ask();
        const auto until = clock_.now().steady + (told ? ask_account_every : ask_account_again);
        while (clock_.now().steady < until) co_await wait(look_max);
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
    ledger_.submit([told = zone_](ledger::store& s) { s.duties().put_meta_text("time_zone", told); }, [] {});
    on_learnt_();
}

}  // namespace consent_sync::service
