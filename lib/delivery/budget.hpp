// The daily budget: how many requests the account may still make today, and how much of that is left to others.
//
// HubSpot tells it in headers (X-HubSpot-RateLimit-Daily, -Daily-Remaining; none for OAuth apps). All private apps of
// an account share it, so opt-ins stop at a reserve (the pause `daily reserve`); opt-outs go on until HubSpot itself
// says 429 DAILY. It is new at midnight in the account's time zone (usage guidelines page).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/clock.hpp"

namespace consent_sync::delivery {

class budget {
  public:
    // The first midnight after a moment, in the account's time zone. Empty: nobody knows it, days are those of UTC.
    using next_midnight = std::function<base::wall_time(base::wall_time)>;

    budget(std::optional<std::uint64_t> configured, double reserve, next_midnight midnight);
    void configure(std::optional<std::uint64_t> configured, double reserve, next_midnight midnight);
    void restore(std::int64_t remaining, std::int64_t limit, base::wall_time day_end);

    void spent(base::wall_time now);  // one request
    // An answer's headers; `begun_since`: requests that began after the one that it answers.
    // Returns true if the rest of the day jumped up: somebody bought more, or the day ended early.
    bool learn(std::optional<std::int64_t> limit, std::optional<std::int64_t> remaining, std::uint64_t begun_since,
               base::wall_time now);
    bool at_reserve(base::wall_time now);
    base::wall_time day_end(base::wall_time now);
    bool midnight_known() const { return static_cast<bool>(midnight_); }

    std::optional<std::int64_t> limit() const { return limit_; }
    std::optional<std::int64_t> remaining() const { return remaining_; }

  private:
    void start_day_if_over(base::wall_time now);

    std::optional<std::uint64_t> configured_;
    double reserve_;
    next_midnight midnight_;
    std::optional<std::int64_t> limit_;
    std::optional<std::int64_t> remaining_;
    base::wall_time day_end_{};
};

// How many of the day's answers were errors: HubSpot's usage guidelines want less than 5 %.
class error_share {
  public:
    // True: there are too many of them, for the first time this day.
    bool count(unsigned status, base::wall_time day_end, base::wall_time now);
    bool many() const;
    std::uint64_t answers() const { return answers_; }
    std::uint64_t errors() const { return errors_; }

  private:
    std::uint64_t answers_ = 0, errors_ = 0;
    bool told_ = false;
    base::wall_time day_end_{};
};

}  // namespace consent_sync::delivery
