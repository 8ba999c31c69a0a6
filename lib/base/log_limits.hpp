// How many lines a minute others may cause in the log, by event: who drops files or asks at the control socket. What is
// left out is counted, and the count is told.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace consent_sync::base {

// Pure, and not thread-safe: base/log.cpp holds the one of the process, which log_event() asks.
class log_limits {
  public:
    static constexpr std::uint64_t lines_a_minute = 20;  // of one event

    struct left_out {
        std::string_view event;  // of the table
        std::uint64_t lines;
        level highest;
    };

    // Whether an event has a limit at this level.
    static bool limits(level at, std::string_view event);

    log_limits();
    // False: this line is left out, and counted.
    bool allows(level at, std::string_view event, steady_time now);
    // What was left out in minutes that are over, or up to now. It is told once.
    std::vector<left_out> take_ended(steady_time now);
    std::vector<left_out> take_all();

  private:
    struct counted {
        steady_time minute{};
        std::uint64_t written = 0, left_out = 0;
        level highest = level::debug;
    };
    template <class Is>
    std::vector<left_out> take_where(const Is& is);

    std::vector<counted> counts_;  // by the table's order
};

// Logs how many lines the process left out since the last call, once an event (log.left_out). Called every minute at
// least, and at the end.
enum class left_out { of_ended_minutes, all };
void tell_left_out(left_out which);

}  // namespace consent_sync::base
