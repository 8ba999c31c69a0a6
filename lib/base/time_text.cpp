#include "base/time_text.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace consent_sync::base {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

struct civil_time {
    year_month_day date;
    milliseconds in_day;
};

civil_time to_civil(wall_time t) {
    using namespace std::chrono_literals;
    static constexpr auto least = sys_days(year_month_day(std::chrono::year(0) / 1 / 1));
    static constexpr auto most = sys_days(year_month_day(std::chrono::year(9999) / 12 / 31)) + 24h - 1ms;
    const auto ms = std::chrono::floor<milliseconds>(t);
    const auto bounded = std::clamp<std::chrono::sys_time<milliseconds>>(ms, least, most);
    const auto day = std::chrono::floor<days>(bounded);
    return {year_month_day(day), bounded - day};
}

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t longest_ms = 36'525LL * 86'400'000;

}  // namespace

std::string format_time(wall_time t) {
    const civil_time civil = to_civil(t);
    const std::int64_t ms = civil.in_day.count();
    return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"), static_cast<int>(civil.date.year()),
                       static_cast<unsigned>(civil.date.month()), static_cast<unsigned>(civil.date.day()),
                       ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60, ms % 1'000);
}

std::string format_date(wall_time t) { return format_time(t).substr(0, 10); }

result<milliseconds> parse_duration(std::string_view text) {
    const auto refuse = [&] {
        return error{errc::invalid_input,
                     fmt::format("\"{}\" is not a duration: write a whole number and a unit (ms, s, "
                                 "m, h or d), like \"500ms\" or \"30d\"",
                                 text.substr(0, 60))};
    };
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || number < 0) return refuse();
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, ms] : units) {
        if (unit != name) continue;
        if (number > longest_ms / ms) return refuse();
        return milliseconds(number * ms);
    }
    return refuse();
}

std::string format_duration(milliseconds d) {
    if (d.count() == 0) return "0s";
    for (const auto& [name, ms] : units) {
        if (d.count() % ms == 0) return fmt::format("{}{}", d.count() / ms, name);
    }
    return fmt::format("{}ms", d.count());
}

}  // namespace consent_sync::base
