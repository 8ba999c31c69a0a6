// The rolling limit: how many requests may be written in any interval (HubSpot: 100 to 250 in 10 s).
//
// A rolling log of send times, not a bucket that lets two bursts through around an edge. HubSpot counts a request when
// it arrives; so a slot is free again one interval after its request was written, plus a margin for the jitter of the
// way. Every attempt pays, retries and probes too. Learns the limit from HubSpot's headers
// (X-HubSpot-RateLimit-Max, -Remaining, -Interval-Milliseconds; usage guidelines page) and leaves room for other
// programs that use the same token.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace consent_sync::delivery {

inline constexpr std::uint32_t lowest_limit = 100;  // of all tiers: what is assumed until HubSpot tells
inline constexpr base::milliseconds limit_margin_first{200};
inline constexpr base::milliseconds limit_margin_max{2'000};

class limiter {
  public:
    // `configured`: never more than that, whatever HubSpot tells; nothing: learn.
    limiter(std::optional<std::uint32_t> configured, base::milliseconds interval);
    // Of a reload. What HubSpot told stays: only a smaller limit than that, or another interval than before, counts.
    void configure(std::optional<std::uint32_t> configured, base::milliseconds interval);

    // When the next request may be written: `now`, a later time, or nothing while all slots wait for their request to
    // be written.
    std::optional<base::steady_time> next_free(base::steady_time now);
    // Takes a slot. Requires: next_free(now) == now. It counts as used from here on.
    void take(base::steady_time now);
    void written(base::steady_time at);  // a taken slot's request was handed to the network
    void returned();                     // a taken slot's request was never written

    // An answer's headers. `written_at`: of its request. False: they tell a limit that is not believed.
    bool learn(std::optional<std::int64_t> max, std::optional<std::int64_t> remaining,
               std::optional<std::int64_t> interval_ms, base::steady_time written_at, base::steady_time now);
    // HubSpot said 429: the margin grows, since the count was off. How long everything waits is a pause's matter.
    void refused(base::steady_time now);

    void restore(const std::vector<base::steady_time>& sends);  // from before a restart, ascending
    void assume_used(base::steady_time now);                    // send times are lost: the first window counts as used

    std::uint32_t limit() const { return limit_; }
    std::uint32_t others() const { return others_; }  // slots left to other programs
    std::uint32_t used(base::steady_time now);
    base::milliseconds interval() const { return interval_; }
    bool learnt() const { return learnt_; }

  private:
    void drop_old(base::steady_time now);
    std::deque<base::steady_time>::const_iterator first_used(base::steady_time now) const;
    std::uint32_t usable(base::steady_time now) const;

    std::optional<std::uint32_t> configured_;
    base::milliseconds configured_interval_;
    base::milliseconds interval_;
    base::milliseconds margin_ = limit_margin_first;
    std::uint32_t limit_;
    bool learnt_ = false;
    std::uint32_t told_ = 0;               // by HubSpot; 0: not learnt
    std::deque<base::steady_time> sends_;  // ascending; a slot is used until one interval + margin after
    std::uint32_t taken_ = 0;              // not written yet
    base::steady_time last_taken_{};
    std::uint32_t others_ = 0;
    base::steady_time others_until_{};
    base::steady_time refused_at_{};
};

}  // namespace consent_sync::delivery
