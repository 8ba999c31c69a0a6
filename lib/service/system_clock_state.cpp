#include "service/system_clock_state.hpp"

#include <sys/stat.h>
#include <sys/timex.h>

#include <chrono>

namespace consent_sync::service {
namespace {

constexpr auto same_clock = std::chrono::seconds(10);
constexpr auto stamp_age_max = std::chrono::hours(24);
constexpr const char* timesyncd_stamp = "/run/systemd/timesync/synchronized";  // touched at each look at a server

}  // namespace

bool clock_is_synchronised(base::wall_time now) {
    const std::int64_t seconds = base::to_unix_ms(now) / 1'000;
    struct timex kernel {};
    if (const int state = ::adjtimex(&kernel); state >= 0) {
        const std::int64_t off = seconds - std::int64_t{kernel.time.tv_sec};
        return state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0 && off <= same_clock.count() &&
               off >= -same_clock.count();
    }
    struct stat stamp {};
    if (::stat(timesyncd_stamp, &stamp) != 0) return false;
    const std::int64_t age = seconds - std::int64_t{stamp.st_mtim.tv_sec};
    return age >= -same_clock.count() && age <= std::chrono::seconds(stamp_age_max).count();
}

}  // namespace consent_sync::service
