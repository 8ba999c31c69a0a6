#include "consent/key.hpp"

#include <gtest/gtest.h>

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
