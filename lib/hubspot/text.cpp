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

constexpr std::size_t read_max = 16'384;

// Masks secrets, and does not cut inside an address: the log masks only what it recognises as an address.
std::string shortened(std::string_view text, std::size_t bytes_max) {
    std::string out = base::mask_secrets(std::string(base::cut_private(text, read_max)));
    out.resize(base::cut_private(out, bytes_max).size());
    return out;
}

}  // namespace

std::string plain(std::string_view text, std::size_t bytes_max) {
    std::string out = shortened(text, bytes_max);
    const auto is_odd = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    const auto found = base::find_private(out);
    auto next = found.begin();
    for (std::size_t i = 0; i < out.size(); ++i) {
        while (next != found.end() && next->end <= i) ++next;
        const bool inside = next != found.end() && next->begin <= i;
        if (is_odd(out[i])) out[i] = inside ? '?' : ' ';
    }
    return out;
}

std::string plain_ascii(std::string_view text, std::size_t bytes_max) {
    const std::string whole = shortened(text, bytes_max);
    const auto is_odd = [](char c) { return c < 0x20 || c > 0x7e; };
    std::string out;
    std::size_t written = 0;
    for (const base::span_of_text& each : base::find_private(whole)) {
        const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(each.begin);
        const auto end = whole.begin() + static_cast<std::ptrdiff_t>(each.end);
        if (std::none_of(begin, end, is_odd)) continue;
        out.append(whole, written, each.begin - written)
            .append("***");  // what is left of it would not be known for one
        written = each.end;
    }
    out.append(whole, written);
    std::replace_if(out.begin(), out.end(), is_odd, ' ');
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
