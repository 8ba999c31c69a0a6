// The time by which retention judges age: the clock's time, as far as running time confirms it. What is deleted because
// the clock was a year ahead is lost; deleting some hours late does no harm.
//
// Proven time is never ahead of the clock and advances with running time. If the clock is ahead of it (the machine was
// down, or the clock is wrong), it catches up by three hours per hour, and by two days per hour once the clock is
// trusted: after an hour without a jump if the system says that it is synchronised, otherwise after a day. So one hour
// of running never removes more than two days' worth.
#pragma once

#include "base/clock.hpp"

namespace consent_sync::service {

struct clock_look {
    base::moment at;
    bool synchronised = false;  // according to the system, a time server keeps the clock right
};

class proven_time {
  public:
    explicit proven_time(base::wall_time recorded) : proven_(recorded) {}

    // To be called every few minutes. The first call proves nothing.
    void look(const clock_look& now);

    base::wall_time time() const { return proven_; }
    base::milliseconds ahead() const { return ahead_; }  // how far the clock is ahead of it
    bool trusts_clock() const { return trusted_; }

    static constexpr auto trusted_after = std::chrono::hours(24);
    static constexpr auto trusted_after_synchronised = std::chrono::hours(1);
    static constexpr int pace = 3;           // proven time gained in running time
    static constexpr int pace_trusted = 48;  // the same once the clock is trusted

  private:
    base::wall_time proven_;
    base::milliseconds ahead_{0};
    bool first_ = true;
    bool trusted_ = false;
    base::moment last_;
    base::steady_time steady_since_;        // the clock has not jumped since
    base::steady_time synchronised_since_;  // the same, while it is synchronised
};

}  // namespace consent_sync::service
