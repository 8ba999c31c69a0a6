#include "service/operation/reloading.hpp"

#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>
#include <vector>

#include "async/log_task_failed.hpp"
#include "async/run_blocking.hpp"
#include "base/log.hpp"
#include "base/time_zone.hpp"
#include "config/credential.hpp"
#include "config/difference.hpp"
#include "hubspot/secret_file.hpp"

namespace consent_sync::service {
namespace {

// A missing credential of systemd cannot appear while the unit runs: systemd provides it at the start.
std::string missing_credential(const std::string& path) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    const auto found = config::find_credential(path, folder == nullptr ? "" : folder);
    if (!found || ::access(path.c_str(), F_OK) == 0) return {};
    return "systemd has no credential \"" + found->name +
           "\" for this unit, which may have lost its LoadCredential= (systemctl cat " + found->unit +
           "): " + config::how_to_replace(*found, "the secret") + "; or name its file here. ";
}

// A new token file must be readable, otherwise the reload would stop a working daemon from sending.
base::result<config::settings> load_in_place_of(const std::string& config_path, const std::string& token_file) {
    auto settings = load_checked(config_path);
    if (!settings || settings->hubspot.oauth || settings->hubspot.token_file == token_file) return settings;
    const auto read = hubspot::read_secret_file(settings->hubspot.token_file, "hubspot.token_file");
    if (!read) return base::error{base::errc::invalid_input, config_path + ": " + read.error().message};
    return settings;
}

}  // namespace

base::result<config::settings> load_checked(const std::string& config_path, const config::load_options& how) {
    auto settings = config::load_settings(config_path, how);
    if (!settings) return settings;
    if (!settings->limits.time_zone.empty()) {
        const auto known = base::check_time_zone(settings->limits.time_zone);
        if (!known)
            return base::error{base::errc::invalid_input, config_path + ": limits.time_zone: " + known.error().message};
    }
    if (!how.need_credentials) return settings;
    std::string missing;
    const auto& oauth = settings->hubspot.oauth;
    if (oauth)
        missing = missing_credential(oauth->client_secret_file) + missing_credential(oauth->refresh_token_file);
    else
        missing = missing_credential(settings->hubspot.token_file);
    if (!missing.empty()) return base::error{base::errc::invalid_input, config_path + ": hubspot: " + missing};
    return settings;
}

struct reloading::waiter {
    explicit waiter(const boost::asio::any_io_executor& home)
        : told(home, boost::asio::steady_timer::time_point::max()) {}
    boost::asio::steady_timer told;  // cancelled then
    reload_outcome outcome;
};

reloading::reloading(const environment& env, std::string config_path, config::settings& current, pipeline& all,
                     retention_service& retention, supervision& told)
    : env_(env),
      config_path_(std::move(config_path)),
      current_(current),
      pipeline_(all),
      retention_(retention),
      supervision_(told),
      tasks_(env.home, async::log_task_failed) {}

void reloading::request() {
    if (stopped_) return;
    again_ = true;
    if (!running_) tasks_.spawn("reload", run());
}

boost::asio::awaitable<reload_outcome> reloading::serve() {
    const auto mine = std::make_shared<waiter>(env_.home);
    if (stopped_) co_return mine->outcome;
    waiting_.push_back(mine);
    request();
    boost::system::error_code cancelled;
    co_await mine->told.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
    co_return mine->outcome;
}

bool reloading::is_of(const std::string& config_path) const {
    return std::filesystem::absolute(config_path) == std::filesystem::absolute(config_path_);
}

void reloading::stop() {
    stopped_ = true;
    tasks_.cancel();
    for (const auto& each : std::exchange(waiting_, {})) each->told.cancel();
}

boost::asio::awaitable<void> reloading::run() {
    running_ = true;
    while (std::exchange(again_, false) && !stopped_) {
        const auto waited_for = std::exchange(waiting_, {});
        supervision_.reloading();
        auto load = [path = config_path_, token = current_.hubspot.token_file] {
            return load_in_place_of(path, token);
        };
        const base::result<config::settings> loaded = co_await async::run_blocking(env_.blocking, std::move(load));
        reload_outcome outcome;
        if (!stopped_) {
            outcome = judge(loaded);
            supervision_.reloaded();
        }
        for (const auto& each : waited_for) {
            each->outcome = outcome;
            each->told.cancel();
        }
    }
    running_ = false;
}

// The settings have changed in place. Most are read where they are used; these parts must be told.
void reloading::apply() {
    base::set_up_log(current_.log.format, current_.log.level);
    pipeline_.configure();
    retention_.configure();
}

reload_outcome reloading::judge(const base::result<config::settings>& loaded) {
    if (!loaded) {
        std::istringstream faults(loaded.error().message);
        for (std::string fault; std::getline(faults, fault);)
            base::log_event(base::level::error, "config.refused", {{"words", fault}});
        return {false, loaded.error().message + "\nnothing was changed; the old configuration stays in effect"};
    }
    const std::vector<config::changed_key> changed = config::difference(current_, *loaded);
    current_ = config::reloaded(current_, *loaded);
    apply();
    std::size_t waiting = 0;
    std::string in_effect, later;
    for (const config::changed_key& each : changed) {
        if (each.needs_restart) ++waiting;
        std::string& names = each.needs_restart ? later : in_effect;
        names += (names.empty() ? "" : ", ") + each.path;
        if (each.needs_restart)
            base::log_event(base::level::warn, "config.needs_restart",
                            {{"key", each.path},
                             {"before", each.before},
                             {"after", each.after},
                             {"words", "the value before stays in effect until the service is restarted"}});
        else
            base::log_event(base::level::info, "config.changed",
                            {{"key", each.path}, {"before", each.before}, {"after", each.after}});
    }
    base::log_event(base::level::info, "config.reloaded",
                    {{"changed", changed.size() - waiting}, {"waiting_for_restart", waiting}});
    std::string words = in_effect.empty() ? "nothing has changed" : "in effect: " + in_effect;
    if (!later.empty()) words += "; needs a restart: " + later;
    return {true, words};
}

}  // namespace consent_sync::service
