#include "hubspot/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "consent/key.hpp"
#include "hubspot/text.hpp"

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<unsigned> parse_month(std::string_view text) {
    const auto at = std::find(months.begin(), months.end(), text);
    if (at == months.end()) return std::nullopt;
    return static_cast<unsigned>(at - months.begin()) + 1;
}

std::optional<unsigned> parse_digits(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "08:49:37"
std::optional<seconds> parse_time(std::string_view text) {
    if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
    const auto h = parse_digits(text.substr(0, 2)), m = parse_digits(text.substr(3, 2)),
               s = parse_digits(text.substr(6));
    if (!h || !m || !s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
    return hours(*h) + minutes(*m) + seconds(*s);
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::optional<base::wall_time> make_time(std::optional<unsigned> y, std::optional<unsigned> mo,
                                         std::optional<unsigned> d, std::optional<seconds> time) {
    if (!y || !mo || !d || !time || *y > 9999) return std::nullopt;
    const year_month_day date(year(static_cast<int>(*y)), month(*mo), day(*d));
    if (!date.ok() || *y < 1970 || *y > 2200) return std::nullopt;  // what a 64-bit count of nanoseconds holds
    return base::wall_time(sys_days(date)) + *time;
}

unsigned current_year(base::wall_time now) {
    return static_cast<unsigned>(static_cast<int>(year_month_day(floor<days>(now)).year()));
}

// "94": in this century unless that is more than 50 years ahead.
std::optional<unsigned> full_year(std::string_view text, base::wall_time now) {
    const auto two = parse_digits(text);
    if (!two || text.size() != 2) return std::nullopt;
    const unsigned current = current_year(now);
    const unsigned guess = current / 100 * 100 + *two;
    return guess > current + 50 ? guess - 100 : guess;
}

std::optional<milliseconds> parse_seconds(std::string_view text) {
    const std::size_t dot = text.find('.');
    const std::string_view whole = text.substr(0, dot);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (whole.empty() || !std::all_of(whole.begin(), whole.end(), is_digit)) return std::nullopt;
    milliseconds fraction{0};
    if (dot != std::string_view::npos) {
        const std::string_view decimals = text.substr(dot + 1);
        if (decimals.empty() || !std::all_of(decimals.begin(), decimals.end(), is_digit)) return std::nullopt;
        for (std::size_t i = 0, weight = 100; i < std::min<std::size_t>(decimals.size(), 3); ++i, weight /= 10)
            fraction += milliseconds(static_cast<std::size_t>(decimals[i] - '0') * weight);
    }
    const auto count = parse_integer(whole);
    if (!count || *count >= duration_cast<seconds>(retry_after_max).count())
        return retry_after_max;  // or too many digits
    return seconds(*count) + fraction;
}

}  // namespace

std::optional<base::wall_time> parse_http_date(std::string_view text, base::wall_time now) {
    const auto parts = split(consent::trim(text), ", -");
    if (parts.size() == 5 && text.find(',') == std::string_view::npos)  // Sun Nov  6 08:49:37 1994
        return make_time(parse_digits(parts[4]), parse_month(parts[1]), parse_digits(parts[2]), parse_time(parts[3]));
    if (parts.size() != 6 || parts[5] != "GMT") return std::nullopt;
    const auto y = parts[3].size() == 2 ? full_year(parts[3], now) : parse_digits(parts[3]);
    return make_time(y, parse_month(parts[2]), parse_digits(parts[1]), parse_time(parts[4]));
}

std::optional<milliseconds> parse_retry_after(std::string_view text, base::wall_time now) {
    text = consent::trim(text);
    if (const auto wait = parse_seconds(text)) return wait;
    const auto date = parse_http_date(text, now);
    if (!date) return std::nullopt;
    return std::clamp<milliseconds>(duration_cast<milliseconds>(*date - now), milliseconds(0), retry_after_max);
}

}  // namespace consent_sync::hubspot
