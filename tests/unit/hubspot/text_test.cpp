#include "hubspot/text.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"

namespace consent_sync::hubspot {
namespace {

TEST(Text, IsNeverCutInsideACharacter) {
    EXPECT_EQ(plain("abc", 3), "abc");
    EXPECT_EQ(plain("abcd", 3), "abc");
    EXPECT_EQ(plain("ab\xc3\xa4", 3), "ab");
    EXPECT_EQ(plain("\xf0\x9f\x98\x80", 3), "");
    EXPECT_EQ(plain("a", 0), "");
}

TEST(Text, IsOnOneLine) {
    EXPECT_EQ(plain("a\nb\tc\x7f", 10), "a b c ");
    EXPECT_EQ(plain_ascii("a\n\xe4"
                          "b",
                          10),
              "a  b");
    EXPECT_EQ(plain_ascii("abc", 2), "ab");
}

// A cut before the masking would leave the first half of a secret.
TEST(Text, KnownSecretsAreMaskedBeforeTheCut) {
    base::register_secret("pat-text-0123456789");
    EXPECT_EQ(plain("not pat-text-0123456789, no", 100), "not ***, no");
    EXPECT_EQ(plain_ascii("not pat-text-0123456789, no", 100), "not ***, no");
    EXPECT_EQ(plain("not pat-text-0123456789, no", 12), "not ***, no");
    EXPECT_EQ(plain_ascii("not pat-text-0123456789, no", 12), "not ***, no");
}

// Nor a blank in the middle of an address: what is left of it could not be told from a word.
TEST(Text, AnAddressStaysWholeOrIsLeftOut) {
    EXPECT_EQ(plain("no: ann.secret@example.com, no", 100), "no: ann.secret@example.com, no");
    EXPECT_EQ(plain("no: ann.secret@example.com, no", 10), "no: ");
    EXPECT_EQ(plain("no: ann.secret (at) example dot com, no", 20), "no: ");
    EXPECT_EQ(plain("no: ann\x01secret@example.com\nno", 100), "no: ann?secret@example.com no");
    EXPECT_EQ(plain("no: j\xc3\xbcrgen@example.com", 100), "no: j\xc3\xbcrgen@example.com");
    EXPECT_EQ(plain_ascii("no: j\xc3\xbcrgen.secret@example.com, \xe4", 100), "no: ***,  ");
    EXPECT_EQ(plain_ascii("no: ann.secret\xef\xbc\xa0"
                          "example.com",
                          100),
              "no: ***");
    EXPECT_EQ(plain_ascii("no: ann.secret@example.com", 100), "no: ann.secret@example.com");
}

TEST(Text, AnIntegerFillsTheWholeText) {
    EXPECT_EQ(parse_integer("530858989"), 530858989);
    EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
    for (const char* none : {"", " 1", "1 ", "1.0", "+1", "0x1", "9223372036854775808", "a"})
        EXPECT_EQ(parse_integer(none), std::nullopt) << none;
}

TEST(Text, ReadsHubSpotsTimestamps) {
    EXPECT_EQ(parse_timestamp_ms("2024-08-02T21:46:29.110Z"), 1722635189110);
    EXPECT_EQ(parse_timestamp_ms("2024-08-02T21:46:29Z"), 1722635189000);
    EXPECT_EQ(parse_timestamp_ms("2024-08-02T21:46:29.1109999Z"), 1722635189110);
    EXPECT_EQ(parse_timestamp_ms("2024-08-02T23:46:29.110+02:00"), 1722635189110);
    EXPECT_EQ(parse_timestamp_ms("2024-08-02T16:16:29.110-0530"), 1722635189110);
}

TEST(Text, AnythingElseIsNoTimestamp) {
    for (const char* none : {"", "2024-08-02", "2024-08-02T21:46:29", "2024-13-02T21:46:29Z", "2024-02-30T21:46:29Z",
                             "2024-08-02T24:46:29Z", "2024-08-02T21:60:29Z", "2024-08-02T21:46:29.110ZZ",
                             "2024-08-02T21:46:29+02", "2024-08-02 21:46:29.110Z", "20x4-08-02T21:46:29.110Z"})
        EXPECT_EQ(parse_timestamp_ms(none), 0) << none;
}

}  // namespace
}  // namespace consent_sync::hubspot
