// Tells a bad change from a HubSpot that refuses everything. The rule, in the words of README.md:
//
//   1. A refused batch is cut until its bad changes are alone, and each acceptance meanwhile shows that HubSpot works.
//   2. After `doubt_after` refusals in a row it may be HubSpot: refused changes wait, and ten requests a second ask it
//      with what it has not refused yet, or else with single changes out of what it has. What it refused before, and
//      accepted others since, counts as bad rows, and not here.
//   3. One acceptance ends the doubt; `pause_after` refusals in a row (`pause_after_any`, with those that do not
//   count), or
//      `alone_least` changes refused one by one with nothing else left to try, are a HubSpot that refuses everything:
//      sending pauses, and the probes ask on like that.
//   4. A change is rejected only where something proves that its refusal was not that of a moment: see proven_bad().
//   5. Until then it is *suspected*: it keeps its key and has no verdict; what HubSpot accepts next begins its next
//   try,
//      and a few changes of refused batches are kept back until the end, so that there is something to accept.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/batch.hpp"
#include "hubspot/judge.hpp"

namespace consent_sync::delivery {

class refusals {
  public:
    static constexpr std::size_t doubt_after = 20;
    static constexpr std::size_t pause_after = 120, pause_after_any = 1'000;
    static constexpr std::size_t alone_least = 10, requests_least = 3;
    static constexpr std::size_t reserve_most = 8;

    // In a row, over all batches: requests that were refused for their content, without a proof against a change.
    // `known`: HubSpot refused the same changes before, and accepted others since: that says little about HubSpot.
    void refused(bool known) {
        ++any_in_a_row_;
        in_a_row_ += known ? 0 : 1;
    }
    void accepted() { any_in_a_row_ = in_a_row_ = 0; }
    bool any_refused() const { return any_in_a_row_ > 0; }
    bool doubtful() const { return in_a_row_ >= doubt_after; }
    bool everything_refused() const { return in_a_row_ >= pause_after || any_in_a_row_ >= pause_after_any; }
    // Of that what is left is suspected: a HubSpot that refuses everything too, if it lasts.
    bool all_alone() const { return suspects_.size() >= alone_least && in_a_row_ >= requests_least; }
    std::string last_words() const { return suspects_.empty() ? std::string() : suspects_.back().words.message; }

    // Refused alone, or one by one, and not proven bad.
    struct suspect {
        std::unique_ptr<batch> of;  // of one change
        hubspot::refusal_words words;
        std::string correlation_id;
        bool named = false;  // HubSpot's words name it
    };
    void add(suspect&& s) { suspects_.push_back(std::move(s)); }
    bool any() const { return !suspects_.empty(); }
    bool any_named() const;        // HubSpot's words name one
    bool any_named_again() const;  // … which was refused more than once
    std::size_t suspected() const { return suspects_.size(); }
    std::vector<suspect> take_suspects() { return std::exchange(suspects_, {}); }

    // What waits for the answer to another batch, `first`: a change that HubSpot named when it refused both together,
    // or the second half of a batch that it refused.
    struct follower {
        ledger::batch_id first = 0;
        std::unique_ptr<batch> of;
        base::steady_time since{};
        bool accused = false;  // named
        bool urgent = false;   // it does not wait long
        hubspot::refusal_words words;
        std::string correlation_id;
    };
    void follow(follower&& f) { followers_.push_back(std::move(f)); }
    std::vector<follower> take_followers(ledger::batch_id first);
    // Urgent ones that have waited since then or longer.
    std::vector<follower> take_urgent_since(base::steady_time then);
    std::optional<base::steady_time> oldest_urgent() const;

    // Kept back: single changes of refused batches.
    struct kept_back {
        std::unique_ptr<batch> of;
        base::steady_time until{};
    };
    std::size_t reserve() const { return reserve_.size(); }
    void keep_back(kept_back&& k) { reserve_.push_back(std::move(k)); }
    std::unique_ptr<batch> take_one_of_reserve();
    std::vector<std::unique_ptr<batch>> take_reserve(base::steady_time until);  // whose time has come
    std::optional<base::steady_time> next_of_reserve() const;

    // Takes out whatever is here with this id, if it is.
    std::unique_ptr<batch> take(ledger::batch_id id);

  private:
    std::size_t in_a_row_ = 0, any_in_a_row_ = 0;
    std::vector<suspect> suspects_;
    std::vector<follower> followers_;
    std::vector<kept_back> reserve_;
};

}  // namespace consent_sync::delivery
