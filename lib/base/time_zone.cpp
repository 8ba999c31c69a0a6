#include "base/time_zone.hpp"

#include <date/tz.h>

#include <stdexcept>

namespace consent_sync::base {
namespace {

const date::time_zone* find_zone(const std::string& zone) {
    try {
        return date::locate_zone(zone.empty() ? "UTC" : zone);
    } catch (const std::runtime_error&) {
        return nullptr;
    }
}

}  // namespace

result<void> check_time_zone(const std::string& zone) {
    if (find_zone(zone)) return {};
    return error{errc::invalid_input, "the time zone '" + zone +
                                          "' is not known on this machine: use an IANA name such as Europe/Berlin, and "
                                          "see that the package tzdata is installed"};
}

wall_time next_midnight(const std::string& zone, wall_time t) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
    const date::time_zone* found = find_zone(zone);
    if (!found) return date::floor<date::days>(seconds) + date::days(1);
    const auto local_day = date::floor<date::days>(found->to_local(seconds));
    const date::local_seconds midnight = local_day + date::days(1);
    return found->to_sys(midnight, date::choose::earliest);
}

}  // namespace consent_sync::base
