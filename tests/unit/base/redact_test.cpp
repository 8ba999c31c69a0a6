#include "base/redact.hpp"
#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "base/log.hpp"

namespace consent_sync::base {
namespace {

struct sample {
    std::string text;
    std::string expected;
};

TEST(Redact, MasksAddresses) {
    const std::vector<sample> samples = {
        {"", ""},
        {"nothing here", "nothing here"},
        {"ann@example.com", "***"},
        {"mail to ann@example.com failed", "mail to *** failed"},
        {"<ann@example.com>, bob@example.org", "<***>, ***"},
        {"ann%40example.com", "***"},
        {"ann%2540example%2Ecom!", "***!"},
        {"GET /x/ann%40example.com?y=1", "GET ***?y=1"},
        {R"({"email":"ann@example.com"})", R"({"email":"***"})"},
        {R"({"email":"ann\u0040example.com"})", R"({"email":"***"})"},
        {"ann&#64;example.com", "***"},
        {"ann\xef\xbc\xa0"
         "example.com",
         "***"},
        {"j\xc3\xbcrgen.m\xc3\xbcller@example.com", "***"},
        {"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.cn x", "*** x"},
        {"o'neil+news=x/y@example.com", "***"},
        {"\"john smith\"@example.com is", "*** is"},
        {"ann@[192.0.2.1] x", "*** x"},
        {"ann@[IPv6:2001:db8::1] x", "*** x"},
        {"a@b@c.example", "***"},
        {"ann@localhost: no", "***: no"},
        {"ann@", "***"},
        {"ann@ was here", "*** was here"},
        {"@", "@"},
        {"look @ this", "look @ this"},
        {"@handle", "@handle"},
        {"mailto:ann@example.com", "mailto:***"},
        {"100%40", "***"},
    };
    for (const auto& [text, expected] : samples) EXPECT_EQ(redact(text), expected) << text;
}

TEST(Redact, MasksTokens) {
    const std::vector<sample> samples = {
        {"pat-na1-11111111-2222-3333-4444-555555555555", "***"},
        {"token pat-eu1-aaaaaaaa-bbbb end", "token *** end"},
        {"PAT-NA1-AAAAAAAA", "***"},
        {"Authorization: Bearer abc.DEF-123_x~+/=", "Authorization: Bearer ***"},
        {"authorization: bearer  CJSP5qf1KhIP\r\n", "authorization: bearer  ***\\r\\n"},
        {"auth=bearer CJSP5qf1KhIP", "auth=bearer ***"},  // "=be" is not quoted-printable
        {"pat-a-door", "pat-a-door"},
        {"spat-na1-1111-1111", "spat-na1-1111-1111"},
        {"the bearer is late", "the bearer is late"},
        {"bearer", "bearer"},
    };
    for (const auto& [text, expected] : samples) EXPECT_EQ(redact(text), expected) << text;
}

TEST(Redact, MasksRegisteredSecretsWhereverTheyStand) {
    register_secret("s3cr3t-of-redact-test");
    register_secret("s3cr3t-of-redact-test-longer");
    EXPECT_EQ(redact("x=s3cr3t-of-redact-test;"), "x=***;");
    EXPECT_EQ(redact("xs3cr3t-of-redact-test-longery"), "x***y");
    register_secret("short");
    EXPECT_EQ(redact("short words stay"), "short words stay");
}

TEST(Redact, ForgetsTheOldestSecretBeyondTheBound) {
    register_secret("the-oldest-secret-of-all");
    EXPECT_EQ(redact("the-oldest-secret-of-all"), "***");
    for (std::size_t i = 0; i < secrets_max; ++i) register_secret("filler-secret-" + std::to_string(1000 + i));
    EXPECT_EQ(redact("the-oldest-secret-of-all"), "the-oldest-secret-of-all");
    EXPECT_EQ(redact("filler-secret-1000"), "***");
}

TEST(Redact, ShowsAnIdentifierOnlyInItsForm) {
    for (const char* text : {"", "VALIDATION_ERROR", "connect_failed", "REFUSED",
                             "aeb5f871-7f07-4993-9211-075dc63e7cbf", "AEB5F871-7F07-4993-9211-075DC63E7CBF"})
        EXPECT_EQ(shown_identifier(text), text);
    for (const char* text : {"YW5uQGV4YW1wbGUuY29t", "=61=6E=6E=40=65=78", "MFXG4QDFPBQW24DMMUXGG33N",
                             "ann@example.com", "moc.elpmaxe@nna", "aeb5f871-7f07-4993-9211-075dc63e7cb",
                             "aeb5f871_7f07_4993_9211_075dc63e7cbf", "Ann_Example", "a b", "ABC-DEF"})
        EXPECT_EQ(shown_identifier(text), "***");
    EXPECT_EQ(shown_identifier(std::string(65, 'A')), "***");
}

TEST(Redact, EscapesWhatActsOnTerminals) {
    EXPECT_EQ(redact("a\nb\rc\td"), "a\\nb\\rc\\td");
    EXPECT_EQ(redact("\x1b[2J\x07"), "\\x1b[2J\\x07");
    EXPECT_EQ(redact(std::string("a\0b", 3)), "a\\x00b");
    EXPECT_EQ(redact("\x7f\xc2\x9b"
                     "31m"),
              "\\x7f\\x9b31m");
    EXPECT_EQ(redact("\xe2\x80\xae"
                     "cod.exe"),
              "\\u202ecod.exe");
    EXPECT_EQ(redact("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(redact("\xc0\xaf \xed\xa0\x80"), "\\xc0\\xaf \\xed\\xa0\\x80");
    EXPECT_EQ(redact("gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82"), "gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82");
    EXPECT_EQ(redact(R"(C:\x "y")"), R"(C:\x "y")");
    EXPECT_EQ(redact(R"(C:\x "y")", escape::controls_and_quotes), R"(C:\\x \"y\")");
}

TEST(Redact, CutsAtTheBound) {
    EXPECT_EQ(redact(std::string(redacted_max, 'x')), std::string(redacted_max, 'x'));
    EXPECT_EQ(redact(std::string(redacted_max + 1, 'x')), std::string(redacted_max, 'x') + "…");
    // A character that does not fit whole is left out.
    EXPECT_EQ(redact(std::string(redacted_max - 1, 'x') + "\xc3\xbcy"), std::string(redacted_max - 1, 'x') + "…");
    EXPECT_EQ(redact(std::string(redacted_max - 2, 'x') + "\x1b"), std::string(redacted_max - 2, 'x') + "…");
}

TEST(Redact, ShowsNoPartOfAnAddressAtAnyCut) {
    for (std::size_t before = 0; before < 20'000; before += 7) {
        const std::string text = std::string(before, ' ') + "ann.secret@example.com";
        EXPECT_EQ(redact(text).find("ann"), std::string::npos) << before;
    }
    // Addresses shrink to "***": the end of what is read may come before the end of what fits.
    const std::string long_address = std::string(1'000, 'a') + "@example.com ";
    std::string text;
    while (text.size() < 40'000) text += long_address;
    EXPECT_EQ(redact(text).find('a'), std::string::npos);
}

TEST(Utf8, KnowsCharacters) {
    EXPECT_EQ(utf8_length("a", 0), 1U);
    EXPECT_EQ(utf8_length("\xc3\xbc", 0), 2U);
    EXPECT_EQ(utf8_length("\xe2\x82\xac", 0), 3U);
    EXPECT_EQ(utf8_length("\xf0\x9f\x99\x82", 0), 4U);
    for (const char* broken :
         {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5"}) {
        EXPECT_EQ(utf8_length(broken, 0), 0U);
    }
    EXPECT_EQ(utf8_length("", 0), 0U);
}

TEST(Utf8, CutsBetweenCharacters) {
    EXPECT_EQ(cut_utf8("abc", 3), "abc");
    EXPECT_EQ(cut_utf8("abc", 2), "ab");
    EXPECT_EQ(cut_utf8("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
    EXPECT_EQ(cut_utf8("a\xe2\x82\xac"
                       "b",
                       4),
              "a\xe2\x82\xac");
    EXPECT_EQ(cut_utf8("a\xe2\x82\xac"
                       "b",
                       3),
              "a");
    EXPECT_EQ(cut_utf8("a\xe2\x82\xac"
                       "b",
                       2),
              "a");
    EXPECT_EQ(cut_utf8(std::string(10, '\x80'), 4), std::string(4, '\x80'));
}

TEST(Redact, MaskSecretsTakesOutSecretsAlone) {
    register_secret("masked-secret-1");
    EXPECT_EQ(mask_secrets("masked-secret-1"), "***");
    EXPECT_EQ(mask_secrets("x masked-secret-1masked-secret-1 pat-anderson@example.com Bearer masked-secret-\n"),
              "x ****** pat-anderson@example.com Bearer masked-secret-\n");
    EXPECT_EQ(mask_secrets(""), "");
}

}  // namespace
}  // namespace consent_sync::base
