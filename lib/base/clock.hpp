// Time as an argument. Decisions get a `moment`; only `system_clock` asks the machine.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace consent_sync::base {

using steady_time = std::chrono::steady_clock::time_point;  // for every interval
using wall_time = std::chrono::system_clock::time_point;    // for reports, logs and what must survive a restart
using milliseconds = std::chrono::milliseconds;

// One instant on both clocks. The wall clock may jump in either direction, the steady one never goes back.
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

// Milliseconds since 1970-01-01T00:00:00Z: how the ledger stores wall time.
inline std::int64_t to_unix_ms(wall_time t) {
    return std::chrono::duration_cast<milliseconds>(t.time_since_epoch()).count();
}
// Beyond what wall_time can hold (the years 1677 to 2262) it is the last moment that it can: HubSpot and a damaged ledger
// may say anything.
inline wall_time from_unix_ms(std::int64_t ms) {
    constexpr auto last = std::chrono::duration_cast<milliseconds>(wall_time::max().time_since_epoch()).count();
    return wall_time(milliseconds(std::clamp(ms, -last, last)));
}

}  // namespace consent_sync::base
