// What an answer comes to. Decided once, here: the record of the attempt, the verdicts, the duties of late writes and
// what is sent next all follow from this value.
//
// Pure: the same batch, answer and knowledge give the same outcome. The table of README.md, row by row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "config/settings.hpp"
#include "delivery/batch.hpp"
#include "delivery/pauses.hpp"
#include "hubspot/judge.hpp"

namespace consent_sync::delivery {

// What HubSpot settled so far.
struct progress {
    std::uint64_t count = 0;                // answers that settled something
    ledger::attempt_id newest = 0;          // the newest attempt among them
    std::optional<base::steady_time> at{};  // when the last of them came
    bool within_a_minute(base::steady_time now) const { return at && now - *at <= std::chrono::seconds(60); }
};

// An address that HubSpot answered with, and the key that it may have meant.
using look_alike = std::pair<std::uint64_t, consent::key_hash>;

// What is known besides the batch and its answer.
struct knowledge {
    base::moment now;
    const config::settings& settings;
    const pauses& held;
    base::random_engine& random;
    progress accepted{};
    ledger::attempt_id next_attempt = 1;
    std::uint32_t failures = 0;    // in a row, over all batches: answers and non-answers that settled nothing
    std::size_t waiting = 0;       // batches that wait for another try
    bool nothing_else = false;     // to send
    bool token_is_current = true;  // the request carried the token that is in use
    look_alike last_look_alike{};
};

enum class fate : std::uint8_t {
    open,  // nothing is known of it
    confirmed,
    rejected,     // HubSpot refuses it, and something proves that the fault is its own
    suspected,    // HubSpot refuses it, and nothing proves that yet
    unconfirmed,  // every try is used up
};

// What is done with the changes that are left open.
enum class onward : std::uint8_t {
    again,   // together
    halves,  // in two batches
    cut,     // as a refused batch: see engine::cut()
    drop,    // of an assertion: they keep their duty
};

struct outcome {
    struct item {
        fate what = fate::open;
        bool answered_otherwise = false;  // with another status, for the first time
        std::uint32_t words = 0;          // 1 + index in `words`; 0: none
    };
    std::vector<item> items;  // parallel to the batch
    std::vector<hubspot::refusal_words> words;

    onward then = onward::again;
    base::steady_time at{};  // not before
    lineage past;            // of what goes on
    retries retry;

    // What was learnt.
    bool accepted = false;        // HubSpot confirmed at least one change
    bool about_content = false;   // HubSpot answered about the content, so it is there and accepts the token
    bool may_land_later = false;  // HubSpot may have applied the open ones, or may yet
    bool refusal = false;         // the content was refused, and nothing proves that a change is bad
    bool known_refusal = false;   // … and these changes were refused before, and others accepted since
    bool too_large = false;
    bool connection_died = false;  // an idle one: HubSpot did not fail
    bool token_refused = false;
    bool rate_limited = false;
    std::uint32_t failures = 0;  // in a row, with this one
    struct stop {
        pause_reason reason{};
        std::string words;
        std::optional<base::milliseconds> told;
    };
    std::optional<stop> pause;
    look_alike last_look_alike{};
    std::string_view notice;  // changes.unnamed, changes.locked: tells of the only change

    std::size_t count(fate f) const;
};

outcome decide(const batch& b, const hubspot::judgement& j, const knowledge& k);

// Whether something proves that this change, refused alone now, is bad itself.
bool proven_bad(const batch& b);
// Whether HubSpot had refused these changes, and accepted others since, when they were sent last.
bool refused_before(const batch& b);

// The sentence for a HubSpot that refuses everything.
std::string refuses_everything(const std::string& hubspot_words);

}  // namespace consent_sync::delivery
