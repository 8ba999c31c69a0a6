#include "base/json_text.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace consent_sync::base {
namespace {

using bytes16 = unsigned char __attribute__((vector_size(16)));  // on any processor
using halves = std::array<std::uint64_t, 2>;
constexpr std::size_t step = sizeof(bytes16);
static_assert(std::endian::native == std::endian::little);  // the first byte of a half is its lowest

bool is_plain(char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; }

bool any_beyond_ascii(bytes16 seen) {
    const auto all = std::bit_cast<halves>(seen & 0x80);
    return (all[0] | all[1]) != 0;
}

}  // namespace

plain_bytes find_plain_bytes(std::string_view text) {
    bytes16 seen{};
    std::size_t at = 0;
    for (; at + step <= text.size(); at += step) {
        bytes16 bytes;
        std::memcpy(&bytes, text.data() + at, step);
        seen |= bytes;
        // 0xff in each byte that is not plain
        const auto others = std::bit_cast<halves>((bytes == '"') | (bytes == '\\') | (bytes < 0x20));
        const auto first = [](std::uint64_t half) { return static_cast<std::size_t>(std::countr_zero(half)) / 8; };
        if (others[0] != 0) return {at + first(others[0]), any_beyond_ascii(seen)};
        if (others[1] != 0) return {at + step / 2 + first(others[1]), any_beyond_ascii(seen)};
    }
    for (; at < text.size() && is_plain(text[at]); ++at) seen[0] |= static_cast<unsigned char>(text[at]);
    return {at, any_beyond_ascii(seen)};
}

}  // namespace consent_sync::base
