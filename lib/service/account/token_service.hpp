// The token that all requests use: read from its file, and again when the file changes, or renewed by OAuth.
//
// Home thread only. hubspot::token_keeper decides; this class acts: it reads files, calls HubSpot's token endpoint,
// stores a rotated refresh token before it is used, and tells its user.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "async/task_group.hpp"
#include "base/random.hpp"
#include "hubspot/refresh_token_keeper.hpp"
#include "hubspot/secret_file.hpp"
#include "hubspot/token_keeper.hpp"
#include "http/transport.hpp"
#include "service/common/environment.hpp"

namespace consent_sync::service {

class token_service {
  public:
    // Who sends with the token.
    class user {
      public:
        virtual void token_usable() = 0;                        // there is a token again, or a new one
        virtual void token_lost(const std::string& words) = 0;  // there is none

      protected:
        ~user() = default;
    };

    token_service(const environment& env, base::random_engine& random, http::transport& transport);

    void start(user& told);  // reads the file, or asks HubSpot; then looks for changes of the files
    void stop();

    const std::string& token() const { return keeper_.token(); }
    hubspot::token_generation generation() const { return keeper_.generation(); }
    // A request with that token was answered. False: the token has been replaced since, so a 401 is about the old one.
    bool answered(hubspot::token_generation used, unsigned status);
    void refused();  // the engine waits for a token since a 401
    void reload();   // SIGHUP: read the files again

  private:
    void name_remedy();
    void update();
    void renew();
    void read_file();
    boost::asio::awaitable<void> refresh();
    base::result<hubspot::oauth_credentials> read_credentials();
    void watch_files();
    bool files_changed();

    environment env_;
    base::random_engine& random_;
    http::transport& transport_;
    hubspot::token_keeper keeper_;
    std::unique_ptr<hubspot::refresh_token_keeper> refresh_token_;
    user* user_ = nullptr;
    boost::asio::steady_timer wake_;
    boost::asio::steady_timer look_;
    async::task_group tasks_;
    std::optional<hubspot::file_stamp> stamps_[3];
    std::optional<hubspot::token_generation> told_;  // what the user was told of last; 0: paused
    bool engine_waits_ = true;
};

}  // namespace consent_sync::service
