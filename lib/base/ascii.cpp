#include "base/ascii.hpp"

#include <algorithm>
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

}  // namespace consent_sync::base
