// The refresh token of OAuth over its rotations: HubSpot may hand out a new one with each access token, and
// the last one is the only one that is sure to work. So it is on disk before the old one is given up.
//
// Two places may hold a token: the operator's file, and the state folder. There the rotated token is stored with the
// SHA-256 of the operator's token that it descends from. The stored one counts as long as the
// operator's file is what it was; a new token in that file (the app was installed again) wins.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace consent_sync::hubspot {

// Replaces the stored document: after success it is on disk, at a crash there is the old or the new one.
using store_document = std::function<base::result<void>(std::string_view document)>;

inline constexpr std::string_view refresh_token_file_name = "oauth-refresh-token.json";  // in the state folder

// Writes `refresh_token_file_name` in `state_folder`, mode 0600, atomically and durably.
store_document make_refresh_token_store(std::string state_folder);

class refresh_token_keeper {
  public:
    // `configured`: what the operator's file holds. `stored`: the document in the state folder; empty: none. A document
    // that cannot be read, or that belongs to another configured token, is ignored.
    refresh_token_keeper(std::string configured, std::string_view stored, store_document store);

    const std::string& current() const { return current_; }

    // HubSpot's answer named `token`. It is current from now on even if it could not be stored, because HubSpot no
    // longer accepts the old one. The error then says what a restart would lose; store_again() tries to store it again.
    base::result<void> rotated(std::string_view token);
    bool is_stored() const { return stored_; }
    base::result<void> store_again();

    // The operator's file was read again. True: it holds another token than before, which is current now.
    bool configured_again(std::string_view configured);

  private:
    std::string configured_;
    std::string current_;
    bool stored_ = true;
    store_document store_;
};

}  // namespace consent_sync::hubspot
