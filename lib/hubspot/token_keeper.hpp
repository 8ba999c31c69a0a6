// Keeps the one access token that all requests use: says whether it may be sent, when it has to be renewed,
// and when sending has to pause because there is none. A state machine: events and `now` in, advice out. No
// I/O, no clock.
//
// One kind of renewal serves both sources of a token. Of a file: read it again. Of OAuth: ask HubSpot for a
// new one. The caller carries it out whenever advise() says so, one at a time, and reports its end by
// renewed(), failed() or unreadable().
//
// - The token is due: it is renewed, and used until its end.
// - 401 for the token: it is not used any more, and renewed once.
// - 401 for a replaced token: the request is sent again with the current one.
// - 401 for a token that came by a renewal after a 401: a new one does not help. Pause, looked at later.
// - The file still holds the refused token: pause, looked at later.
// - A renewal is denied, or its file cannot be read: pause if no token is left; looked at later.
// - A renewal fails otherwise: exponential backoff with full jitter, at least Retry-After.
//
// Looked at later: renewed when the source changes, or after 1 minute, growing to 15.
//
// A pause lasts as long as no token may be sent. While it lasts the caller may send a probe with the refused
// token: HubSpot says that a 401 is no valid sign that a new token is needed. accepted() then ends the pause.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "hubspot/oauth.hpp"

namespace consent_sync::hubspot {

enum class token_source { file, oauth };

struct keeper_settings {
    std::chrono::milliseconds backoff_initial{1'000};
    std::chrono::milliseconds backoff_max{60'000};
    std::chrono::milliseconds look_initial{60'000};  // between looks during a pause; doubles
    std::chrono::milliseconds look_max{900'000};
};

// Counts the tokens: an answer belongs to the generation its request was sent with. 0: there was none.
using token_generation = std::uint64_t;

struct token_advice {
    bool usable = false;                    // token() may be sent
    bool renew = false;                     // start one renewal now; said once for each
    bool paused = false;                    // there is no token to send, and why() says the reason: pause auth
    std::optional<base::steady_time> wake;  // ask again then, if nothing happens before
};

enum class unauthorized_action {
    send_again,  // the request had an older token than there is now
    wait,        // until advise() says usable, or paused
};

class token_keeper {
  public:
    explicit token_keeper(token_source source, keeper_settings settings = {});

    token_advice advise(base::steady_time now);

    // Valid while generation() is not 0, also during a pause (for a probe).
    const std::string& token() const { return token_; }
    token_generation generation() const { return generation_; }
    // Where a valid token has to be put if HubSpot refuses the file's: "put a valid token into …".
    void set_remedy(std::string words) { remedy_ = std::move(words); }
    // The sentence for the operator; empty while all is well.
    const std::string& why() const { return why_; }

    // The ends of a renewal. `grant` of a file: expires_in is 0, which means never.
    void renewed(const token_grant& grant, base::steady_time now);
    void failed(const token_failure& failure, base::steady_time now, base::random_engine& random);
    void unreadable(const base::error& e, base::steady_time now);  // a file of the operator

    // What answers say. Any answer but a 401 accepts the token.
    unauthorized_action unauthorized(token_generation used, base::steady_time now);
    void accepted(token_generation used);

    // The file of the token (or of a credential of OAuth) has changed, or a reload was asked for.
    void source_changed(base::steady_time now);

  private:
    bool is_usable(base::steady_time now) const;
    bool wants_renewal(base::steady_time now) const;
    // Ends a renewal that brought no token. True: the source changed meanwhile, so the next may start at
    // once.
    bool end_in_vain(std::string why, base::steady_time now);
    void look_later(base::steady_time now);

    const token_source source_;
    const keeper_settings settings_;
    std::string token_;
    token_generation generation_ = 0;
    std::optional<base::steady_time> due_;      // of the renewal
    std::optional<base::steady_time> expires_;  // from then on the token is not valid
    base::steady_time not_before_{};            // of the next renewal: a backoff, or the next look
    bool renewing_ = false;
    bool asked_ = true;               // a renewal is wanted whatever `due_` says; there is no token yet
    bool changed_meanwhile_ = false;  // the source changed while a renewal was reading it
    bool refused_ = false;            // HubSpot answered 401 to the token
    bool after_refusal_ = false;      // the token came by a renewal after a 401, and no answer has accepted it yet
    std::uint32_t failures_ = 0;      // failed renewals in a row
    std::uint32_t looks_ = 0;         // in this pause
    std::string why_;
    std::string remedy_ = "put a valid token into hubspot.token_file; it is read again by itself";
};

}  // namespace consent_sync::hubspot
