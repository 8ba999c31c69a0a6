// Whether the system says that its clock is kept right.
#pragma once

#include "base/clock.hpp"

namespace consent_sync::service {

// By the kernel (adjtimex), or, where a sandbox keeps that away, by systemd-timesyncd. `now`: a kernel that tells
// another time speaks of another clock. False: it is not, or nobody says so.
bool clock_is_synchronised(base::wall_time now);

}  // namespace consent_sync::service
