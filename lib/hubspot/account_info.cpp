#include "hubspot/account_info.hpp"

#include <algorithm>

#include "hubspot/json_object.hpp"

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono;

// A name that is safe to look up in the time zone database and to log: "America/Argentina/Buenos_Aires",
// "Etc/GMT+5".
bool is_zone_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
               c == '_' || c == '-' || c == '+';
    };
    return !name.empty() && name.size() <= 64 && name.front() != '/' &&
           std::all_of(name.begin(), name.end(), allowed);
}

// No zone of the earth is further than 14 hours from Greenwich.
std::optional<minutes> parse_offset_ms(std::optional<std::int64_t> ms) {
    constexpr std::int64_t most = milliseconds(hours(14)).count();
    if (!ms || *ms > most || *ms < -most) return std::nullopt;
    return duration_cast<minutes>(milliseconds(*ms));
}

}  // namespace

base::result<account_info> parse_account_info(std::string_view body) {
    account_info info;
    if (const auto object = parse_object(body)) {
        if (std::string name = find_text(*object, "timeZone"); is_zone_name(name))
            info.time_zone = std::move(name);
        info.utc_offset = parse_offset_ms(find_integer(*object, "utcOffsetMilliseconds"));
        info.portal = find_integer(*object, "portalId").value_or(0);
    }
    if (info.time_zone.empty() && !info.utc_offset)
        return base::error{
            base::errc::invalid_input,
            "HubSpot's account information names no time zone; set limits.time_zone, or the end of a "
            "used-up day is found by asking every 30 minutes"};
    return info;
}

}  // namespace consent_sync::hubspot
