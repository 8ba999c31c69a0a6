// A strict rolling window over arrivals: never more than `limit` within any `interval`.
//
// Pure: time is an argument, milliseconds of a steady clock, and must not go back.
#pragma once

#include <cstdint>
#include <deque>

namespace consent_sync::hubspot_sim {

class rate_window {
  public:
    // Counts an arrival at `now_ms` unless the window is full. `limit` 0: no limit.
    bool admit(std::int64_t now_ms, std::uint32_t limit, std::int64_t interval_ms);
    // Counts an arrival regardless of the limit.
    void count(std::int64_t now_ms, std::int64_t interval_ms);
    // Arrivals within (now − interval, now].
    std::uint32_t used(std::int64_t now_ms, std::int64_t interval_ms);
    // The time until a full window has room again; 0: it has room.
    std::int64_t wait_ms(std::int64_t now_ms, std::uint32_t limit, std::int64_t interval_ms);

  private:
    void forget(std::int64_t now_ms, std::int64_t interval_ms);
    std::deque<std::int64_t> arrivals_;  // at most as many as arrived within one interval
};

}  // namespace consent_sync::hubspot_sim
