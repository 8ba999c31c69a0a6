#include "consent/key.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace consent_sync::consent {
namespace {

constexpr char lower_byte(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower_byte);
    return lowered;
}

key_hash hash_key(std::string_view subscriber, std::int64_t subscription, channel c) {
    // The subscription and the channel seed the hash of the lowered address. Little-endian machines only agree with
    // each other about a stored hash; Debian's release architectures that this is built for all are.
    std::array<char, 256> lowered_short;
    const auto seed = static_cast<XXH64_hash_t>(subscription) * 31 + static_cast<XXH64_hash_t>(c);
    if (subscriber.size() <= lowered_short.size()) {
        std::transform(subscriber.begin(), subscriber.end(), lowered_short.begin(), lower_byte);
        return XXH3_64bits_withSeed(lowered_short.data(), subscriber.size(), seed);
    }
    const std::string lowered = lower(subscriber);
    return XXH3_64bits_withSeed(lowered.data(), lowered.size(), seed);
}

bool same_subscriber(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower_byte(x) == lower_byte(y); });
}

bool same_key(const change& a, const change& b) {
    return a.subscription == b.subscription && a.channel == b.channel && same_subscriber(a.subscriber, b.subscriber);
}

}  // namespace consent_sync::consent
