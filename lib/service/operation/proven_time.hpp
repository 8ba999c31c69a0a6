// The time that retention goes by: the clock's, as far as it is proven. What is deleted because a clock was a year
// ahead cannot be brought back, and what is deleted some hours late does no harm.
//
// Proven time never runs ahead of the clock, and follows it by running time. Where the clock is ahead of it (the
// machine was down, or the clock is wrong) it catches up, three hours an hour; and two days an hour, once the clock ran
// without a jump for an hour while the system says that it is synchronised, or for a day where nobody says that. So no
// hour of running ever removes more than two days' worth.
#pragma once

#include "base/clock.hpp"

namespace consent_sync::service {

struct clock_look {
    base::moment at;
    bool synchronised = false;  // the system says that a time server or the like keeps the clock right
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
