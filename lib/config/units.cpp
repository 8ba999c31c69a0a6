#include "config/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace consent_sync::config {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 5> units = {
    {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}}};
constexpr std::uint64_t size_max = std::uint64_t{1} << 63;

std::optional<std::uint64_t> parse_digits(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    for (const auto& [name, shift] : units) {
        if (!text.ends_with(name)) continue;
        const auto number = parse_digits(text.substr(0, text.size() - name.size()));
        if (!number || *number > size_max >> shift) return std::nullopt;
        return *number << shift;
    }
    return std::nullopt;
}

std::string format_size(std::uint64_t bytes) {
    for (const auto& [name, shift] : units) {
        if (bytes != 0 && (bytes >> shift) << shift == bytes) return fmt::format("{}{}", bytes >> shift, name);
    }
    return fmt::format("{}B", bytes);
}

std::optional<double> parse_share(std::string_view text) {
    if (!text.ends_with('%')) return std::nullopt;
    text.remove_suffix(1);
    const std::size_t point = text.find('.');
    const auto whole = parse_digits(text.substr(0, point));
    if (!whole || *whole > 100) return std::nullopt;
    std::uint64_t hundredths = *whole * 100;
    if (point != std::string_view::npos) {
        const std::string_view decimals = text.substr(point + 1);
        const auto part = parse_digits(decimals);
        if (!part || decimals.size() > 2) return std::nullopt;
        hundredths += decimals.size() == 1 ? *part * 10 : *part;
    }
    if (hundredths > 10'000) return std::nullopt;
    return static_cast<double>(hundredths) / 10'000.0;
}

std::string format_share(double share) { return fmt::format("{:.6g}%", share * 100.0); }

}  // namespace consent_sync::config
