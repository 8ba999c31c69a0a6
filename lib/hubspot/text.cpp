#include "hubspot/text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/redact.hpp"
#include "consent/key.hpp"

namespace consent_sync::hubspot {
namespace {

// Reads exactly `width` digits at `at`; -1 if they are not there.
int digits(std::string_view text, std::size_t at, std::size_t width) {
    if (at + width > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + width; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

// Milliseconds of the fraction at `at` (".110"); moves `at` behind it.
int fraction_ms(std::string_view text, std::size_t& at) {
    int value = 0;
    int weight = 100;
    if (at >= text.size() || text[at] != '.') return 0;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        value += (text[at] - '0') * weight;
        weight /= 10;
    }
    return value;
}

// Minutes east of Greenwich of "Z", "+02:00" or "+0200"; nothing if it is none of these.
std::optional<int> offset_minutes(std::string_view zone) {
    if (zone == "Z") return 0;
    if (zone.size() < 5 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
    const std::size_t minutes_at = zone[3] == ':' ? 4 : 3;
    const int hours = digits(zone, 1, 2);
    const int minutes = digits(zone, minutes_at, 2);
    if (hours < 0 || minutes < 0 || zone.size() != minutes_at + 2) return std::nullopt;
    return (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

}  // namespace

std::string_view cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end);
}

std::string plain(std::string_view text, std::size_t bytes_max) {
    std::string out = base::mask_secrets(std::string(text));  // before the cut, which may leave a part of a secret
    out.resize(cut(out, bytes_max).size());
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return out;
}

std::string plain_ascii(std::string_view text, std::size_t bytes_max) {
    std::string out = base::mask_secrets(std::string(text));
    out.resize(std::min(out.size(), bytes_max));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, ' ');
    return out;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool same_word(std::string_view a, std::string_view b) { return consent::same_subscriber(a, b); }

bool contains_word(std::string_view text, std::string_view lowered_part) {
    return consent::lower(text).find(lowered_part) != std::string::npos;
}

std::int64_t parse_timestamp_ms(std::string_view text) {
    using namespace std::chrono;
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        return 0;
    const int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
    const int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
    if (y < 0 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60) return 0;
    const year_month_day date(year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d)));
    if (!date.ok()) return 0;
    std::size_t at = 19;
    const int ms = fraction_ms(text, at);
    const auto offset = offset_minutes(text.substr(at));
    if (!offset) return 0;
    const auto time = sys_days(date) + hours(h) + minutes(mi - *offset) + seconds(s) + milliseconds(ms);
    return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

}  // namespace consent_sync::hubspot
