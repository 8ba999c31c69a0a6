#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace consent_sync::base {
namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080U;

std::uint64_t eight_bytes(const char* at) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, sizeof eight);
    return eight;
}

}  // namespace

bool is_ascii(std::string_view text) {
    while (text.size() >= 32) {
        const char* const at = text.data();
        const auto any = eight_bytes(at) | eight_bytes(at + 8) | eight_bytes(at + 16) | eight_bytes(at + 24);
        if ((any & high_bits) != 0) return false;
        text.remove_prefix(32);
    }
    for (; text.size() >= 8; text.remove_prefix(8))
        if ((eight_bytes(text.data()) & high_bits) != 0) return false;
    return std::none_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
}

namespace {

using bytes16 = unsigned char __attribute__((vector_size(16)));  // on any processor
using halves = std::array<std::uint64_t, 2>;
constexpr std::size_t step = sizeof(bytes16);
static_assert(std::endian::native == std::endian::little);  // the first byte of a half is the lowest one

bool is_plain(char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; }

// Checks sixteen bytes. `seen` collects their bits.
bool find_other(const char* at, halves& seen, std::size_t& first) {
    bytes16 bytes;
    std::memcpy(&bytes, at, step);
    const auto all = std::bit_cast<halves>(bytes);
    seen = {seen[0] | all[0], seen[1] | all[1]};
    // 0xff in each byte that is not plain
    const auto others = std::bit_cast<halves>((bytes == '"') | (bytes == '\\') | (bytes < 0x20));
    if ((others[0] | others[1]) == 0) return false;
    const std::size_t bits = others[0] != 0 ? static_cast<std::size_t>(std::countr_zero(others[0]))
                                            : 64 + static_cast<std::size_t>(std::countr_zero(others[1]));
    first = bits / 8;
    return true;
}

}  // namespace

plain_bytes find_plain_bytes(std::string_view text) {
    halves seen{};
    const auto found = [&seen](std::size_t size) { return plain_bytes{size, ((seen[0] | seen[1]) & high_bits) != 0}; };
    std::size_t first = 0;
    std::size_t at = 0;
    for (; at + step <= text.size(); at += step)
        if (find_other(text.data() + at, seen, first)) return found(at + first);
    if (at == text.size()) return found(at);
    if (at != 0) {  // the last sixteen bytes, some of which were checked before
        at = text.size() - step;
        return found(find_other(text.data() + at, seen, first) ? at + first : text.size());
    }
    for (; at < text.size() && is_plain(text[at]); ++at) seen[0] |= static_cast<unsigned char>(text[at]);
    return found(at);
}

}  // namespace consent_sync::base
