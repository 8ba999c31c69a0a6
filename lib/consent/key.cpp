#include "consent/key.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "consent/address.hpp"

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

// What the lowering of a text passed: whether its normal form may be another one.
struct passed {
    std::uint64_t all = 0;      // every bit that is set anywhere
    std::uint64_t hyphens = 0;  // its high bits: there may be a hyphen

    bool beyond_ascii() const { return (all & each_byte * 0x80) != 0; }
    bool hyphen() const { return (hyphens & each_byte * 0x80) != 0; }

    static constexpr std::uint64_t each_byte = 0x0101010101010101;
};

passed lower_into(char* to, std::string_view text) {
    passed found;
    const auto take = [&found](std::uint64_t word) {
        const std::uint64_t without = word ^ passed::each_byte * '-';  // a hyphen became 0
        found.all |= word;
        found.hyphens |= (without - passed::each_byte) & ~without;
        return lower_word(word);
    };
    const auto pass = [&](std::size_t at) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        word = take(word);
        std::memcpy(to + at, &word, sizeof word);
    };
    constexpr std::size_t step = sizeof(std::uint64_t);
    if (text.size() < step) {
        for (std::size_t at = 0; at < text.size(); ++at)
            to[at] = static_cast<char>(take(static_cast<unsigned char>(text[at])));
        return found;
    }
    for (std::size_t at = 0; at + step <= text.size(); at += step) pass(at);
    pass(text.size() - step);  // the last bytes, some of them once more
    return found;
}

}  // namespace

std::string lower(std::string_view text) {
    std::string lowered(text.size(), '\0');
    lower_into(lowered.data(), text);
    return lowered;
}

key_hash hash_key(std::string_view subscriber, std::int64_t subscription, channel c) {
    // The subscription and the channel seed the hash of the address in its normal form. Little-endian machines only
    // agree with each other about a stored hash; Debian's release architectures that this is built for all are.
    std::array<char, 256> lowered_short;
    const auto seed = static_cast<XXH64_hash_t>(subscription) * 31 + static_cast<XXH64_hash_t>(c);
    if (subscriber.size() <= lowered_short.size()) {
        const passed found = lower_into(lowered_short.data(), subscriber);
        const std::string_view lowered(lowered_short.data(), subscriber.size());
        if (!found.beyond_ascii() && (!found.hyphen() || lowered.find("xn--") == std::string_view::npos))
            return XXH3_64bits_withSeed(lowered.data(), lowered.size(), seed);
    }
    const std::string normal = normal_address(subscriber);
    return XXH3_64bits_withSeed(normal.data(), normal.size(), seed);
}

bool same_subscriber(std::string_view a, std::string_view b) {
    if (a == b) return true;  // nearly always, where it is true at all
    const auto same_byte = [](char x, char y) { return lower_byte(x) == lower_byte(y); };
    if (std::equal(a.begin(), a.end(), b.begin(), b.end(), same_byte)) return true;
    if (is_plain_address(a) && is_plain_address(b)) return false;
    return normal_address(a) == normal_address(b);
}

bool same_key(const change& a, const change& b) {
    return a.subscription == b.subscription && a.channel == b.channel && same_subscriber(a.subscriber, b.subscriber);
}

}  // namespace consent_sync::consent
