// How many requests may be in flight: found by itself, from how the server behaves.
//
// Slow start (it doubles each round trip, and goes at once to what the told limit needs at the latency seen, since
// HubSpot itself allows that many), then additive increase; multiplicative decrease on an overload sign (5xx, timeout,
// 423), at most once a round trip; no growth while latency grows with what is in flight (as in TCP Vegas). Bounded by
// `most`.
#pragma once

#include <cstdint>

#include "base/clock.hpp"

namespace consent_sync::delivery {

class concurrency {
  public:
    explicit concurrency(std::uint32_t most) : most_(most) {}
    void configure(std::uint32_t most);

    std::uint32_t window() const;
    // An answer came: its request was sent at `sent` when `in_flight` requests (with it) were on the wire.
    void answered(base::steady_time sent, base::steady_time now, std::uint32_t in_flight);
    void overloaded(base::steady_time sent, base::steady_time now);
    // An answer was accepted: HubSpot is well, and allows `rate` requests a second.
    void allow(double rate);

  private:
    void learn_latency(double latency, base::steady_time now);
    bool latency_grows() const;

    std::uint32_t most_;
    double window_ = 4;
    bool slow_start_ = true;
    base::steady_time last_decrease_{};
    int answers_ = 0;
    double fastest_ = 0;   // answer so far, in seconds
    double smoothed_ = 0;  // mean latency in seconds
    double least_ = 0;     // least mean of this period and the one before: what a server without load needs
    double least_next_ = 0;
    base::steady_time period_end_{};
};

}  // namespace consent_sync::delivery
