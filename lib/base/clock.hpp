// Time as an argument. Decisions get a `moment`; only `system_clock` reads the clocks of the machine.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace consent_sync::base {

using steady_time = std::chrono::steady_clock::time_point;  // for intervals
using wall_time = std::chrono::system_clock::time_point;    // for reports, logs, and times that must survive a restart
using milliseconds = std::chrono::milliseconds;

// One instant on both clocks. The wall clock may jump in either direction; the steady clock never goes back.
struct moment {
    steady_time steady;
    wall_time wall;
};

class clock {
  public:
    virtual ~clock() = default;
    virtual moment now() const = 0;
};

class system_clock final : public clock {
  public:
    moment now() const override { return moment{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }
};

// Milliseconds since 1970-01-01T00:00:00Z. The ledger stores wall time in this form.
inline std::int64_t to_unix_ms(wall_time t) {
    return std::chrono::duration_cast<milliseconds>(t.time_since_epoch()).count();
}
// A value outside the range of wall_time (the years 1677 to 2262) gives the nearest moment in the range: HubSpot and a
// damaged ledger may contain any number.
inline wall_time from_unix_ms(std::int64_t ms) {
    constexpr auto last = std::chrono::duration_cast<milliseconds>(wall_time::max().time_since_epoch()).count();
    return wall_time(milliseconds(std::clamp(ms, -last, last)));
}

}  // namespace consent_sync::base
