// Runs the daemon at another time, with libfaketime.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "built_paths.hpp"
#include "integration/run_program.hpp"

namespace consent_sync::integration {

// Seconds of "+3d", "-5s", "+0": how far a clock is moved.
inline std::int64_t moved_seconds(const std::string& time) {
    if (time.empty()) return 0;
    std::size_t end = 0;
    const std::int64_t number = std::stoll(time, &end);
    switch (end < time.size() ? time[end] : 's') {
        case 's':
        case ' ': return number;
        case 'm': return number * 60;
        case 'h': return number * 3'600;
        case 'd': return number * 86'400;
        default: throw std::runtime_error("not a time to move a clock by: " + time);
    }
}

// How far the clock of the test itself is moved (tests/calendar).
inline std::int64_t moved_seconds_of_test() {
    const char* const of_test = std::getenv("FAKETIME");
    return moved_seconds(of_test ? of_test : "");
}

// Environment for daemon_under_test that moves its clock by "+3d", or also makes it run faster: "+3d x200". This is
// added to the move of the test's own clock (tests/calendar). The ages of files stay as they were for earlier daemons.
inline std::vector<std::string> at(const std::string& time) {
    const std::int64_t own = moved_seconds_of_test();
    const std::int64_t moved = own + moved_seconds(time);
    const std::string speed = time.find(' ') == std::string::npos ? "" : time.substr(time.find(' '));
    std::vector<std::string> all = preload({DUE_TIMERS_LIBRARY, FAKETIME_LIBRARY});
    const std::string sign = moved < 0 ? "" : "+";
    all.insert(all.end(),
               {"FAKETIME=" + sign + std::to_string(moved) + speed, "NO_FAKE_STAT=1",
                "MOVED_FILES=" + std::to_string(own) + " " + std::to_string(moved), "FAKETIME_DONT_RESET=1"});
    return all;
}

// The same with a file whose text moves the clock at run time (seconds in addition to moved_seconds_of_test()): either
// both clocks, as if the time had passed, or only the wall clock, as if it had been set.
enum class moves { time, wall_clock };
inline std::vector<std::string> at_file(const std::string& path, moves what) {
    std::vector<std::string> all = preload({DUE_TIMERS_LIBRARY, FAKETIME_LIBRARY});
    all.insert(all.end(), {"FAKETIME_TIMESTAMP_FILE=" + path, "FAKETIME_NO_CACHE=1", "NO_FAKE_STAT=1"});
    if (what == moves::wall_clock) all.push_back("FAKETIME_DONT_FAKE_MONOTONIC=1");
    if (what == moves::wall_clock) all.push_back("DONT_FAKE_MONOTONIC=1");
    return all;
}

}  // namespace consent_sync::integration
