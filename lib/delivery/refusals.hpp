// Keeps what is needed to tell a bad change from a HubSpot that refuses everything: refusals in a row, suspected
// changes, and changes that are kept back. README.md has the rule in five sentences; proven_bad() (outcome.hpp) has the
// proofs.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "delivery/batch.hpp"

namespace consent_sync::delivery {

class refusals {
  public:
    static constexpr std::size_t doubt_after = 20;            // refusals in a row; so many more end it as a pause
    static constexpr base::milliseconds doubt_lasts{10'000};  // at least, before sending pauses
    static constexpr std::size_t kept_most = 8;
    static constexpr base::milliseconds opt_ins_kept{60'000}, opt_outs_kept{10'000};  // at most

    // A request was refused for its content, without a proof against a change. `known`: HubSpot refused the same
    // changes before, and accepted others since: that says little about HubSpot.
    void refused(bool known, base::steady_time now);
    void accepted();
    bool any_refused() const { return any_in_a_row_; }
    bool doubtful() const { return in_a_row_ >= doubt_after; }
    bool everything_refused(base::steady_time now, bool nothing_left) const;
    std::optional<base::steady_time> doubt_ends() const;

    // A change that HubSpot refused alone, or accused, without a proof that it is bad itself.
    void suspect(batch& b) { suspects_.push_back(&b); }
    std::size_t suspected() const { return suspects_.size(); }
    // HubSpot accepted something, or a named change was not the cause of a refusal: what becomes of each suspect.
    // `newest`: the newest attempt that HubSpot accepted.
    struct review {
        std::vector<batch*> bad;       // proven
        std::vector<batch*> again;     // each alone: they will be refused again
        std::vector<batch*> together;  // the others that this was another try for
    };
    review look_again(ledger::attempt_id newest);
    // Nothing else is left to send, so nothing else will tell: those that HubSpot named go again, and of the others
    // one, for all of them. Empty: it is not time yet.
    std::vector<batch*> try_again(base::steady_time now, base::milliseconds unit);
    std::optional<base::steady_time> tries_again_at() const { return try_at_; }
    void something_else_to_do() { try_at_.reset(); }
    bool undecided();  // it was tried in vain a few times: true once
    std::vector<batch*> take_suspects();

    // One change of each refused batch is kept back, so that there is something that HubSpot may accept when all others
    // are decided.
    bool may_keep() const { return kept_.size() < kept_most; }
    void keep(batch& b, base::steady_time now);
    std::size_t kept() const { return kept_.size(); }
    batch* take_one_kept();
    std::vector<batch*> take_kept(base::steady_time until);  // whose time has come
    std::optional<base::steady_time> next_kept() const;

    void forget(const batch& b);

  private:
    bool any_in_a_row_ = false;
    std::size_t in_a_row_ = 0;  // that are not known
    base::steady_time doubt_since_{};
    std::vector<batch*> suspects_;
    struct kept_back {
        batch* of = nullptr;
        base::steady_time until{};
    };
    std::vector<kept_back> kept_;
    std::optional<base::steady_time> try_at_{};
    std::uint32_t tries_ = 0;  // since HubSpot accepted anything
};

}  // namespace consent_sync::delivery
