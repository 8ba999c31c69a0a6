#include "base/secret_skips.hpp"

#include <algorithm>

namespace consent_sync::base {
namespace {

constexpr std::size_t block = 3;
constexpr std::size_t table_bits = 14;  // 16 KiB: they stay in the first cache
constexpr std::size_t window_max = 255;

std::size_t hash(const char* bytes) {
    const auto byte = [bytes](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
    const std::uint32_t value = byte(0) | byte(1) << 8 | byte(2) << 16;
    return (value * 2'654'435'761U) >> (32 - table_bits);
}

}  // namespace

secret_skips::secret_skips(const std::vector<std::string>& secrets) {
    if (secrets.empty()) return;
    window_ = window_max;
    for (const std::string& secret : secrets) window_ = std::min(window_, secret.size());
    const std::size_t farthest = window_ - block + 1;
    shifts_.assign(std::size_t{1} << table_bits, static_cast<std::uint8_t>(farthest));
    for (const std::string& secret : secrets) {
        for (std::size_t at = 0; at + block <= window_; ++at) {
            std::uint8_t& shift = shifts_[hash(secret.data() + at)];
            shift = std::min(shift, static_cast<std::uint8_t>(window_ - block - at));
        }
    }
}

std::size_t secret_skips::next(std::string_view text, std::size_t from) const {
    if (window_ == 0) return text.size();
    while (from + window_ <= text.size()) {
        const std::uint8_t shift = shifts_[hash(text.data() + from + window_ - block)];
        if (shift == 0) return from;
        from += shift;
    }
    return text.size();
}

}  // namespace consent_sync::base
