#include "report/watermark.hpp"

#include <algorithm>
#include <charconv>

namespace consent_sync::report {
namespace {

template <class Number>
bool take_number(std::string_view& text, Number& n) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (code != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

}  // namespace

const std::uint64_t* watermark::find(std::string_view day) const {
    const auto found = std::find_if(days.begin(), days.end(), [&](const auto& d) { return d.first == day; });
    return found == days.end() ? nullptr : &found->second;
}

void watermark::set(const std::string& day, std::uint64_t length) {
    std::erase_if(days, [&](const auto& d) { return d.first == day; });
    days.emplace_back(day, length);
    if (days.size() > watermark_days_max) days.erase(days.begin());
}

std::string format(const watermark& mark) {
    std::string out = std::to_string(mark.end_number);
    for (const auto& [day, length] : mark.days) out.append(" ").append(day).append("=") += std::to_string(length);
    return out;
}

watermark parse_watermark(std::string_view text) {
    watermark mark;
    if (!take_number(text, mark.end_number)) return mark;
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos) break;
        const std::string day(text.substr(0, equals));
        text.remove_prefix(equals + 1);
        std::uint64_t length = 0;
        if (!take_number(text, length)) break;
        mark.days.emplace_back(day, length);
    }
    return mark;
}

}  // namespace consent_sync::report
