// The key of a change: for whom, which subscription, which channel. Two changes of one key must stay in order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "consent/change.hpp"

namespace consent_sync::consent {

constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// ASCII white space at both ends removed.
inline std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}
// ASCII letters lowered; other bytes stay, so that the key never depends on a locale.
std::string lower(std::string_view text);

// 64-bit hash (XXH3) of the key: subscriber in its normal form (address.hpp), subscription, channel. It is stored, so
// it never changes. Two keys may share a hash: before a verdict is given by it, they are compared with same_key().
using key_hash = std::uint64_t;
key_hash hash_key(std::string_view subscriber, std::int64_t subscription, channel c);
inline key_hash hash_key(const change& c) { return hash_key(c.subscriber, c.subscription, c.channel); }

bool same_subscriber(std::string_view a, std::string_view b);  // of one normal form
bool same_key(const change& a, const change& b);

}  // namespace consent_sync::consent
