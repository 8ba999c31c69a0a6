// Sizes ("4GiB") and shares ("10%") as text. Durations are in base/time_text.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace consent_sync::config {

// A whole number and B, KiB, MiB, GiB or TiB. Nothing for any other text, and above 2^63.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);  // with the largest unit that needs no fraction

// "10%" → 0.1; 0% to 100% with at most two decimals.
std::optional<double> parse_share(std::string_view text);
std::string format_share(double share);

}  // namespace consent_sync::config
