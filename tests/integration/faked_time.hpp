// The daemon at another time: libfaketime's.
#pragma once

#include <string>
#include <vector>

#include "built_paths.hpp"

namespace consent_sync::integration {

inline constexpr const char* faketime_library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

// Environment for daemon_under_test: its clock is moved by "+3d", or runs as "+3d x200" says.
inline std::vector<std::string> at(const std::string& time) {
    return {std::string("LD_PRELOAD=") + DUE_TIMERS_LIBRARY + ":" + faketime_library, "FAKETIME=" + time,
            "NO_FAKE_STAT=1", "FAKETIME_DONT_RESET=1", "ASAN_OPTIONS=verify_asan_link_order=0"};
}

// The same, with a file whose text moves the clock while the daemon runs ("+3d"): both clocks, as if that time had
// passed, or the wall clock alone, as if somebody had set it.
enum class moves { time, wall_clock };
inline std::vector<std::string> at_file(const std::string& path, moves what) {
    std::vector<std::string> all = {std::string("LD_PRELOAD=") + DUE_TIMERS_LIBRARY + ":" + faketime_library,
                                    "FAKETIME_TIMESTAMP_FILE=" + path, "FAKETIME_NO_CACHE=1", "NO_FAKE_STAT=1",
                                    "ASAN_OPTIONS=verify_asan_link_order=0"};
    if (what == moves::wall_clock) all.push_back("FAKETIME_DONT_FAKE_MONOTONIC=1");
    if (what == moves::wall_clock) all.push_back("DONT_FAKE_MONOTONIC=1");
    return all;
}

}  // namespace consent_sync::integration
