#include "consent/key.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace consent_sync::consent {
namespace {

constexpr char lower_byte(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Eight bytes at once: the keys of every row are hashed several times.
std::uint64_t lower_word(std::uint64_t word) {
    constexpr std::uint64_t each = 0x0101010101010101;
    constexpr std::uint64_t high = each * 0x80;
    const std::uint64_t low = word & ~high;
    const std::uint64_t from_a = low + each * (0x80 - 'A');    // its high bits: at least 'A'
    const std::uint64_t beyond_z = low + each * (0x7f - 'Z');  // its high bits: more than 'Z'
    return word | ((from_a & ~beyond_z & ~word & high) >> 2);  // 0x80 >> 2: what makes a letter small
}

void lower_into(char* to, std::string_view text) {
    std::size_t at = 0;
    for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        word = lower_word(word);
        std::memcpy(to + at, &word, sizeof word);
    }
    for (; at < text.size(); ++at) to[at] = lower_byte(text[at]);
}

}  // namespace

std::string lower(std::string_view text) {
    std::string lowered(text.size(), '\0');
    lower_into(lowered.data(), text);
    return lowered;
}

key_hash hash_key(std::string_view subscriber, std::int64_t subscription, channel c) {
    // The subscription and the channel seed the hash of the lowered address. Little-endian machines only agree with
    // each other about a stored hash; Debian's release architectures that this is built for all are.
    std::array<char, 256> lowered_short;
    const auto seed = static_cast<XXH64_hash_t>(subscription) * 31 + static_cast<XXH64_hash_t>(c);
    if (subscriber.size() <= lowered_short.size()) {
        lower_into(lowered_short.data(), subscriber);
        return XXH3_64bits_withSeed(lowered_short.data(), subscriber.size(), seed);
    }
    const std::string lowered = lower(subscriber);
    return XXH3_64bits_withSeed(lowered.data(), lowered.size(), seed);
}

bool same_subscriber(std::string_view a, std::string_view b) {
    if (a == b) return true;  // nearly always, where it is true at all
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower_byte(x) == lower_byte(y); });
}

bool same_key(const change& a, const change& b) {
    return a.subscription == b.subscription && a.channel == b.channel && same_subscriber(a.subscriber, b.subscriber);
}

}  // namespace consent_sync::consent
