// Time as an argument. Decisions get a `moment`; only `system_clock` asks the machine.
#pragma once

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
inline wall_time from_unix_ms(std::int64_t ms) { return wall_time(milliseconds(ms)); }

}  // namespace consent_sync::base
