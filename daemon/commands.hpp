// The subcommands of consent-sync. Each gets its own name as argv[0] and returns the exit status.
#pragma once

#include "observe/control_message.hpp"

namespace consent_sync::daemon {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_faults = 3;  // in the configuration or in checked files; systemd does not restart after it

int run(int argc, char** argv);
int check(int argc, char** argv);
int status(int argc, char** argv);
int history(int argc, char** argv);
int reload(int argc, char** argv);
int steer(observe::control_command command, int argc, char** argv);

}  // namespace consent_sync::daemon
