#include "consent/address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "consent/key.hpp"

namespace consent_sync::consent {
namespace {

TEST(Address, SpellingsOfOneMailboxHaveOneNormalForm) {
    const std::vector<std::vector<std::string>> mailboxes{
        {"ann@example.com", "ANN@EXAMPLE.COM", "Ann@Example.com"},
        {"ann@xn--exmple-cua.com", "ann@exämple.com", "Ann@EXÄMPLE.com", "ann@exa\xcc\x88mple.com",
         "ANN@XN--EXMPLE-CUA.COM", "ann@Xn--Exmple-Cua.com", "ann@exämple。com", "ann@exämple．com"},
        {"jörg@example.com", "JÖRG@EXAMPLE.com", "jo\xcc\x88rg@example.com", "JO\xcc\x88RG@example.com"},
        {"δοκιμή@xn--jxalpdlp.com", "ΔΟΚΙΜΉ@ΔΟΚΙΜΉ.com"},
        {"a@xn--fa-hia.de", "a@faß.de", "a@FAß.de"},
        {"a@xn--80akhbyknj4f.xn--p1ai", "a@испытание.рф", "A@ИСПЫТАНИЕ.РФ"},
        {"a@xn--fsqu00a.xn--0zwm56d", "a@例子.测试"},
        {"jörg@xn--exmple-cua.com", "JÖRG@exämple.com", "jo\xcc\x88rg@EXA\xcc\x88MPLE.com"},
        {"a@r3---sn.xn--exmple-cua.com", "a@R3---sn.exämple.com"},  // one label of the domain IDNA does not allow
        {"a@under_score.xn--exmple-cua.com", "a@UNDER_score.exämple.com"},
    };
    for (const auto& spellings : mailboxes)
        for (const std::string& spelling : spellings) {
            EXPECT_EQ(normal_address(spelling), spellings[0]) << spelling;
            EXPECT_TRUE(same_subscriber(spelling, spellings[0])) << spelling;
            EXPECT_EQ(hash_key(spelling, 7, channel::email), hash_key(spellings[0], 7, channel::email)) << spelling;
        }
    for (const auto& one : mailboxes)
        for (const auto& other : mailboxes)
            if (&one != &other) {
                EXPECT_FALSE(same_subscriber(one[0], other.back())) << one[0] << " " << other.back();
            }
}

TEST(Address, OthersStayApart) {
    const std::vector<std::pair<std::string, std::string>> pairs{
        {"a@faß.de", "a@fass.de"},
        {"straße@x.de", "strasse@x.de"},
        {"joerg@x.de", "jörg@x.de"},
        {"jorg@x.de", "jörg@x.de"},
        {"a@exämple.com", "a@example.com"},
        {"xn--exmple-cua@x.com", "exämple@x.com"},
        {"a@xn--exmple-cua.com", "a@xn--exmple-cub.com"},
    };
    for (const auto& [a, b] : pairs) EXPECT_FALSE(same_subscriber(a, b)) << a << " " << b;
}

TEST(Address, WhatIdnaDoesNotAllowStaysButForCaseAndComposition) {
    for (const auto& [address, normal] : std::vector<std::pair<std::string, std::string>>{
             {"A@I❤.ws", "a@i❤.ws"},
             {"A@XN--.com", "a@xn--.com"},
             {"A@xn--\xff.com", "a@xn--\xff.com"},
             {"A@\xff\xc4.com", "a@\xff\xc4.com"},
             {"Ö\xff@x.com", "Ö\xff@x.com"},
             {"A@ä\x01.COM", "a@ä\x01.com"},
             {std::string("A@EXÄMPLE.com\0.org", 18), std::string("a@xn--exmple-cua.com\0.org", 24)},
             {"A@" + std::string(300, 'a') + "Ä.com", "a@" + std::string(300, 'a') + "ä.com"},
             {"Ä", "ä"},
             {"A@", "a@"},
             {"@Ä", "@xn--4ca"},
             {"A@Ä@B.com", "a@ä@b.com"},
             {"", ""}})
        EXPECT_EQ(normal_address(address), normal) << address;
}

TEST(Address, TheNormalFormOfANormalFormIsItself) {
    std::vector<std::string> parts{
        "a",  "B",  "ä",    "Ä",       "a\xcc\x88", "ß", "Σ",  "ς", "I",    "İ",       "ı",
        "-",  "--", "xn--", "XN--4ca", "xn--4ca",   ".", "。", "@", "\xff", "❤",       "\xe2\x80\x8d",
        "例", "א",  "1",    "_",       "ﬁ",         "Å", "ǆ",  "ϴ", "K",    "\xcc\x88"};
    std::uint64_t random = 1;
    for (int i = 0; i < 20'000; ++i) {
        std::string address;
        for (int k = 0; k < 8; ++k) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            address += k == 3 ? "@" : parts[(random >> 33) % parts.size()];
        }
        const std::string normal = normal_address(address);
        ASSERT_EQ(normal_address(normal), normal) << address;
        ASSERT_TRUE(same_subscriber(address, normal)) << address;
        ASSERT_EQ(hash_key(address, 1, channel::email), hash_key(normal, 1, channel::email)) << address;
        ASSERT_EQ(is_plain_address(address) ? lower(address) : normal, normal) << address;
    }
}

// Eight bytes are looked at at once: each byte must count in each place.
TEST(Address, EveryByteCountsInEveryPlace) {
    for (std::size_t size = 0; size <= 17; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(byte);
                std::string small = text;
                if (byte >= 'A' && byte <= 'Z') small[at] = static_cast<char>(byte + 32);
                ASSERT_EQ(lower(text), small);
                if (byte >= 0x80) continue;
                ASSERT_EQ(normal_address(text), small);
                ASSERT_EQ(hash_key(text, 1, channel::email), hash_key(small, 1, channel::email));
                ASSERT_TRUE(same_subscriber(text, small));
            }
    for (std::size_t before = 0; before <= 17; ++before) {
        const std::string spelled = std::string(before, 'a') + "@XN--exmple-cua.com";
        ASSERT_EQ(hash_key(spelled, 1, channel::email),
                  hash_key(std::string(before, 'a') + "@exämple.com", 1, channel::email));
    }
    const std::string longer(300, 'a');
    ASSERT_EQ(hash_key(longer + "@XN--exmple-cua.com", 1, channel::email),
              hash_key(longer + "@exämple.com", 1, channel::email));
}

}  // namespace
}  // namespace consent_sync::consent
