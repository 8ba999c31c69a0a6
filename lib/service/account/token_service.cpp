#include "service/account/token_service.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>

#include "async/log_task_failed.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "config/credential.hpp"
#include "service/account/to_answer.hpp"

namespace consent_sync::service {
namespace {

constexpr auto look_at_files_every = std::chrono::seconds(2);  // at the files: a stat each

hubspot::token_source source_of(const config::settings& s) {
    return s.hubspot.oauth ? hubspot::token_source::oauth : hubspot::token_source::file;
}

std::optional<config::credential> credential_of(const std::string& path) {
    const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
    return config::find_credential(path, folder == nullptr ? "" : folder);
}

// A credential of systemd is a copy, so a fault has to be corrected in its source.
base::result<hubspot::secret> read_secret(const std::string& path, const char* option) {
    const auto own = credential_of(path);
    auto read = hubspot::read_secret_file(path, own ? "the credential " + own->name : std::string(option));
    if (read || !own) return read;
    return base::error{read.error().code,
                       read.error().message + ". It is systemd's copy: " + config::how_to_replace(*own, "a valid one")};
}

}  // namespace

token_service::token_service(const environment& env, base::random_engine& random, http::transport& transport)
    : env_(env),
      random_(random),
      transport_(transport),
      keeper_(source_of(env.settings)),
      wake_(env.home),
      look_(env.home),
      tasks_(env.home, async::log_task_failed) {}

void token_service::start(user& told) {
    user_ = &told;
    name_remedy();
    files_changed();
    update();
    watch_files();
}

void token_service::stop() {
    wake_.cancel();
    look_.cancel();
    tasks_.cancel();
}

void token_service::name_remedy() {
    const std::string& path = env_.settings.hubspot.token_file;
    const auto own = credential_of(path);
    keeper_.set_remedy(own ? config::how_to_replace(*own, "a valid token")
                           : "put a valid token into " + path + "; it is read again by itself");
}

void token_service::update() {
    const hubspot::token_advice advice = keeper_.advise(env_.clock.now().steady);
    if (advice.renew) renew();
    const hubspot::token_advice now = advice.renew ? keeper_.advise(env_.clock.now().steady) : advice;
    if (now.usable && (engine_waits_ || told_ != keeper_.generation())) {
        told_ = keeper_.generation();
        engine_waits_ = false;
        user_->token_usable();
    } else if (now.paused && told_ != hubspot::token_generation{0}) {
        told_ = 0;
        user_->token_lost(keeper_.why());
    }
    if (!now.wake) return;
    wake_.expires_at(*now.wake);
    wake_.async_wait([this](boost::system::error_code ec) {
        if (!ec) update();
    });
}

void token_service::renew() {
    if (source_of(env_.settings) == hubspot::token_source::file)
        read_file();
    else
        tasks_.spawn("token.refresh", refresh());
}

void token_service::read_file() {
    const auto now = env_.clock.now().steady;
    auto read = read_secret(env_.settings.hubspot.token_file, "hubspot.token_file");
    if (!read) {
        base::log_event(base::level::error, "token.unreadable", {{"words", read.error().message}});
        keeper_.unreadable(read.error(), now);
        return;
    }
    hubspot::token_grant grant;
    grant.access_token = read->text;
    keeper_.renewed(grant, now);
    base::log_event(base::level::info, "token.read");
}

base::result<hubspot::oauth_credentials> token_service::read_credentials() {
    const config::oauth_settings& oauth = *env_.settings.hubspot.oauth;
    auto client_secret = read_secret(oauth.client_secret_file, "hubspot.oauth.client_secret_file");
    if (!client_secret) return client_secret.error();
    auto configured = read_secret(oauth.refresh_token_file, "hubspot.oauth.refresh_token_file");
    if (!configured) return configured.error();
    if (!refresh_token_) {
        const std::string path = base::join_path(env_.settings.state_dir, hubspot::refresh_token_file_name);
        const auto stored = base::read_small_file(path, 64 * 1024);
        refresh_token_ =
            std::make_unique<hubspot::refresh_token_keeper>(configured->text, stored ? *stored : std::string(),
                                                            hubspot::make_refresh_token_store(env_.settings.state_dir));
    } else {
        refresh_token_->configured_again(configured->text);
    }
    return hubspot::oauth_credentials{oauth.client_id, client_secret->text, refresh_token_->current()};
}

boost::asio::awaitable<void> token_service::refresh() {
    auto credentials = read_credentials();
    if (!credentials) {
        base::log_event(base::level::error, "token.unreadable", {{"words", credentials.error().message}});
        keeper_.unreadable(credentials.error(), env_.clock.now().steady);
        update();
        co_return;
    }
    http::request request;
    request.target = env_.settings.hubspot.oauth->path;
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.headers.emplace_back("Accept", "application/json");
    request.body = hubspot::encode_refresh_request(*credentials);
    http::request again = request;
    http::exchange exchange = co_await transport_.send(std::move(request), std::function<void()>());
    if (exchange.idle_connection_died) {
        again.on_new_connection = true;
        exchange = co_await transport_.send(std::move(again), std::function<void()>());
    }
    const hubspot::answer answer = to_answer(std::move(exchange));
    const base::moment now = env_.clock.now();
    auto parsed = hubspot::parse_token_answer(answer, now.wall);
    if (const auto* failure = std::get_if<hubspot::token_failure>(&parsed)) {
        base::log_event(base::level::warn, "token.refresh_failed", {{"words", hubspot::explain(*failure)}});
        keeper_.failed(*failure, now.steady, random_);
    } else {
        const auto& grant = std::get<hubspot::token_grant>(parsed);
        if (grant.refresh_token) {
            // HubSpot no longer accepts the old one, so the new one is stored before anything else happens.
            const auto stored = refresh_token_->rotated(*grant.refresh_token);
            if (!stored) base::log_event(base::level::error, "token.not_stored", {{"words", stored.error().message}});
        }
        keeper_.renewed(grant, now.steady);
        base::log_event(base::level::info, "token.refreshed", {{"expires_in_s", grant.expires_in.count()}});
    }
    update();
}

bool token_service::answered(hubspot::token_generation used, unsigned status) {
    if (status == 0) return true;
    if (status != 401) {
        keeper_.accepted(used);
        return true;
    }
    return keeper_.unauthorized(used, env_.clock.now().steady) == hubspot::unauthorized_action::wait;
}

void token_service::refused() {
    engine_waits_ = true;
    told_.reset();
    update();
}

void token_service::reload() {
    name_remedy();
    files_changed();  // as they are now
    keeper_.source_changed(env_.clock.now().steady);
    update();
}

bool token_service::files_changed() {
    const std::string none;
    const bool oauth = env_.settings.hubspot.oauth.has_value();
    const std::string* paths[3] = {oauth ? &none : &env_.settings.hubspot.token_file,
                                   oauth ? &env_.settings.hubspot.oauth->client_secret_file : &none,
                                   oauth ? &env_.settings.hubspot.oauth->refresh_token_file : &none};
    bool changed = false;
    for (int i = 0; i < 3; ++i) {
        if (paths[i]->empty()) continue;
        const auto stamp = hubspot::stamp_file(*paths[i]);
        changed = changed || stamp != stamps_[i];
        stamps_[i] = stamp;
    }
    return changed;
}

void token_service::watch_files() {
    look_.expires_after(look_at_files_every);
    look_.async_wait([this](boost::system::error_code ec) {
        if (ec) return;
        if (files_changed()) reload();
        if (refresh_token_ && !refresh_token_->is_stored()) {
            const auto stored = refresh_token_->store_again();
            if (stored) base::log_event(base::level::info, "token.stored");
        }
        watch_files();
    });
}

}  // namespace consent_sync::service
