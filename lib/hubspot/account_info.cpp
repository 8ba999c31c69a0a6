#include "hubspot/account_info.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "hubspot/json_object.hpp"

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono;

// A name that is safe to look up in the time zone database and to log: "America/Argentina/Buenos_Aires",
// "Etc/GMT+5".
bool is_zone_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
               c == '-' || c == '+';
    };
    return !name.empty() && name.size() <= 64 && name.front() != '/' && std::all_of(name.begin(), name.end(), allowed);
}

// No time zone is more than 14 hours from UTC.
std::optional<minutes> parse_offset_ms(std::optional<std::int64_t> ms) {
    constexpr std::int64_t most = milliseconds(hours(14)).count();
    if (!ms || *ms > most || *ms < -most) return std::nullopt;
    return duration_cast<minutes>(milliseconds(*ms));
}

// The time of day of "2026-11-25T05:00:00Z" or "…05:00:00.000+00:00".
std::optional<minutes> parse_time_of_day(std::string_view text) {
    const auto digit = [text](std::size_t at) { return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : -1; };
    if (text.size() < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':') return std::nullopt;
    const bool utc = text.back() == 'Z' || text.ends_with("+00:00") || text.ends_with("+0000");
    for (const std::size_t at : {11, 12, 14, 15})
        if (digit(at) < 0) return std::nullopt;
    const minutes time = hours(digit(11) * 10 + digit(12)) + minutes(digit(14) * 10 + digit(15));
    if (!utc || time >= hours(24)) return std::nullopt;
    return time;
}

}  // namespace

base::result<minutes> parse_daily_reset(std::string_view body) {
    if (const auto object = parse_object(body))
        if (const auto* results = object->if_contains("results"); results && results->is_array())
            for (const boost::json::value& item : results->get_array()) {
                if (!item.is_object()) continue;
                const auto time = parse_time_of_day(find_text(item.get_object(), "resetsAt"));
                // Time zones reach from 12 hours behind UTC to 14 ahead; few are more than 12 ahead.
                if (time) return *time <= hours(12) ? -*time : hours(24) - *time;
            }
    return base::error{base::errc::invalid_input, "HubSpot's daily usage names no moment at which it is reset"};
}

base::result<account_info> parse_account_info(std::string_view body) {
    account_info info;
    if (const auto object = parse_object(body)) {
        if (std::string name = find_text(*object, "timeZone"); is_zone_name(name)) info.time_zone = std::move(name);
        info.utc_offset = parse_offset_ms(find_integer(*object, "utcOffsetMilliseconds"));
    }
    if (info.time_zone.empty() && !info.utc_offset)
        return base::error{base::errc::invalid_input,
                           "HubSpot's account information names no time zone; set limits.time_zone, or the end of a "
                           "used-up day is found by asking every 30 minutes"};
    return info;
}

}  // namespace consent_sync::hubspot
