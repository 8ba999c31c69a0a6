#include "base/time_zone.hpp"

#include <date/tz.h>

#include <cstdio>
#include <optional>
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

// "UTC-05:00"
std::optional<std::chrono::minutes> fixed_offset(const std::string& zone) {
    int hours = 0;
    int minutes = 0;
    char sign = 0;
    int length = 0;
    if (std::sscanf(zone.c_str(), "UTC%c%2d:%2d%n", &sign, &hours, &minutes, &length) != 3) return std::nullopt;
    if (static_cast<std::size_t>(length) != zone.size() || (sign != '+' && sign != '-')) return std::nullopt;
    const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    return sign == '-' ? -offset : offset;
}

}  // namespace

std::string zone_of_offset(std::chrono::minutes offset) {
    const auto minutes = offset.count() < 0 ? -offset.count() : offset.count();
    char text[32];
    std::snprintf(text, sizeof text, "UTC%c%02d:%02d", offset.count() < 0 ? '-' : '+',
                  static_cast<int>(minutes / 60 % 100), static_cast<int>(minutes % 60));
    return text;
}

result<void> check_time_zone(const std::string& zone) {
    if (find_zone(zone)) return {};
    return error{errc::invalid_input, "this machine does not know the time zone '" + zone +
                                          "': use an IANA name such as Europe/Berlin, and check that the package "
                                          "tzdata is installed"};
}

wall_time next_midnight(const std::string& zone, wall_time t) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
    if (const auto offset = fixed_offset(zone))
        return date::floor<date::days>(seconds + *offset) + date::days(1) - *offset;
    const date::time_zone* found = find_zone(zone);
    if (!found) return date::floor<date::days>(seconds) + date::days(1);
    const auto local_day = date::floor<date::days>(found->to_local(seconds));
    const date::local_seconds midnight = local_day + date::days(1);
    return found->to_sys(midnight, date::choose::earliest);
}

}  // namespace consent_sync::base
