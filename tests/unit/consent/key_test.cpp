#include "consent/key.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace consent_sync::consent {
namespace {

TEST(Key, IgnoresAsciiCaseOfTheAddress) {
    EXPECT_EQ(hash_key("Ann@Example.COM", 7, channel::email), hash_key("ann@example.com", 7, channel::email));
    EXPECT_NE(hash_key("ann@example.com", 7, channel::email), hash_key("ann@example.com", 8, channel::email));
    EXPECT_NE(hash_key("ann@example.com", 7, channel::email), hash_key("anna@example.com", 7, channel::email));
}

TEST(Key, HashIsTheOneThatOldLedgersHold) {
    EXPECT_EQ(hash_key("ann@example.com", 530858989, channel::email), 13761344853438992139ULL);
}

TEST(Key, LongAddressesHashByTheSameRule) {
    const std::string upper(400, 'A');
    const std::string lowered(400, 'a');
    EXPECT_EQ(hash_key(upper, 1, channel::email), hash_key(lowered, 1, channel::email));
}

// What the fast ways must do: byte by byte, and nothing but the 26 letters of ASCII.
std::string lowered_byte_by_byte(std::string_view text) {
    std::string lowered;
    for (const char c : text) lowered += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return lowered;
}

// Words of eight bytes are lowered at once, and what is left one by one: every byte at every place of both, with every
// length that ends in or behind it, and neighbours whose carries would show.
TEST(Key, EveryByteIsLoweredAlikeAtEveryPlace) {
    for (const char neighbour : {'a', 'Z', '\xff', '\0'})
        for (std::size_t size = 1; size <= 17; ++size)
            for (std::size_t place = 0; place < size; ++place)
                for (int byte = 0; byte < 256; ++byte) {
                    std::string text(size, neighbour);
                    text[place] = static_cast<char>(byte);
                    ASSERT_EQ(lower(text), lowered_byte_by_byte(text)) << "byte " << byte << ", place " << place;
                }
}

// One person, however the letters are written: as many hashes as there are texts in small letters.
TEST(Key, LettersOfBothCasesMakeOneKeyAtEveryPlace) {
    for (std::size_t place = 0; place <= 16; ++place)
        for (char small = 'a'; small <= 'z'; ++small) {
            const auto with = [place](char c) {
                std::string who = std::string(17, 'q') + "@example.com";
                who[place] = c;
                change of;
                of.subscriber = who;
                return of;
            };
            const char big = static_cast<char>(small - 32);
            const char other = big == 'Z' ? '[' : static_cast<char>(big + 1);
            const change a = with(small);
            change b = with(big);
            ASSERT_EQ(hash_key(a), hash_key(b)) << small << " at " << place;
            ASSERT_TRUE(same_key(a, b)) << small << " at " << place;
            b = with(other);
            ASSERT_NE(hash_key(a), hash_key(b)) << small << " at " << place;
            ASSERT_FALSE(same_key(a, b)) << small << " at " << place;
        }
}

// No other byte is taken for another one: what stands beside the letters in ASCII, and what is ASCII plus or minus 32.
TEST(Key, OtherBytesAreEachTheirOwn) {
    for (std::size_t place = 0; place <= 16; ++place) {
        std::set<key_hash> hashes;
        std::set<std::string> texts;
        for (int byte = 0x21; byte < 0x7f; ++byte) {
            std::string text = std::string(17, 'q') + "@example.com";
            text[place] = static_cast<char>(byte);
            hashes.insert(hash_key(text, 7, channel::email));
            texts.insert(lowered_byte_by_byte(text));
        }
        EXPECT_EQ(hashes.size(), texts.size()) << place;
    }
}

TEST(Key, TrimsAsciiSpaceOnly) {
    EXPECT_EQ(trim(" \t a b \r\n"), "a b");
    EXPECT_EQ(trim("\xc2\xa0x"), "\xc2\xa0x");
    EXPECT_EQ(trim("   "), "");
}

TEST(Key, SameKeyNeedsAddressSubscriptionAndChannel) {
    change a;
    a.subscriber = "Ann@example.com";
    a.subscription = 1;
    change b = a;
    b.subscriber = "ann@EXAMPLE.com";
    EXPECT_TRUE(same_key(a, b));
    b.subscription = 2;
    EXPECT_FALSE(same_key(a, b));
}

}  // namespace
}  // namespace consent_sync::consent
