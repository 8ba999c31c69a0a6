#include "base/redact.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "hubspot/text.hpp"

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

TEST(Redact, MasksRegisteredSecretsAnywhereInAText) {
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

TEST(Redact, ShowsAnIdentifierOnlyInItsUsualForm) {
    for (const char* text : {"", "VALIDATION_ERROR", "connect_failed", "REFUSED",
                             "aeb5f871-7f07-4993-9211-075dc63e7cbf", "AEB5F871-7F07-4993-9211-075DC63E7CBF"})
        EXPECT_EQ(shown_identifier(text), text);
    for (const char* text : {"YW5uQGV4YW1wbGUuY29t", "=61=6E=6E=40=65=78", "MFXG4QDFPBQW24DMMUXGG33N",
                             "ann@example.com", "moc.elpmaxe@nna", "aeb5f871-7f07-4993-9211-075dc63e7cb",
                             "aeb5f871_7f07_4993_9211_075dc63e7cbf", "Ann_Example", "a b", "ABC-DEF"})
        EXPECT_EQ(shown_identifier(text), "***");
    EXPECT_EQ(shown_identifier(std::string(65, 'A')), "***");
}

TEST(Redact, EscapesCharactersThatControlTerminals) {
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
    // A character that does not fit completely is omitted.
    EXPECT_EQ(redact(std::string(redacted_max - 1, 'x') + "\xc3\xbcy"), std::string(redacted_max - 1, 'x') + "…");
    EXPECT_EQ(redact(std::string(redacted_max - 2, 'x') + "\x1b"), std::string(redacted_max - 2, 'x') + "…");
}

TEST(Redact, ShowsNoPartOfAnAddressAtAnyCut) {
    for (std::size_t before = 0; before < 20'000; before += 7) {
        const std::string text = std::string(before, ' ') + "ann.secret@example.com";
        EXPECT_EQ(redact(text).find("ann"), std::string::npos) << before;
    }
    // Addresses shrink to "***", so the limit of reading may be reached before the limit of writing.
    const std::string long_address = std::string(1'000, 'a') + "@example.com ";
    std::string text;
    while (text.size() < 40'000) text += long_address;
    EXPECT_EQ(redact(text).find('a'), std::string::npos);
}

TEST(Utf8, RecognisesCharacters) {
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

TEST(Redact, MaskSecretsMasksOnlySecrets) {
    register_secret("masked-secret-1");
    EXPECT_EQ(mask_secrets("masked-secret-1"), "***");
    EXPECT_EQ(mask_secrets("x masked-secret-1masked-secret-1 pat-anderson@example.com Bearer masked-secret-\n"),
              "x ****** pat-anderson@example.com Bearer masked-secret-\n");
    EXPECT_EQ(mask_secrets(""), "");
}

struct spelling {
    std::string name;
    std::string text;
};

// The text between local part and domain.
const std::vector<spelling>& at_signs() {
    static const std::vector<spelling> all = {
        {"plain", "@"},
        {"percent", "%40"},
        {"percent twice", "%2540"},
        {"percent thrice", "%252540"},
        {"JSON", "\\u0040"},
        {"JSON in JSON", "\\\\u0040"},
        {"C", "\\x40"},
        {"C in JSON", "\\\\x40"},
        {"JavaScript", "\\u{40}"},
        {"long escape", "\\U00000040"},
        {"octal", "\\100"},
        {"quoted-printable", "=40"},
        {"entity", "&commat;"},
        {"entity in capitals", "&COMMAT;"},
        {"decimal entity", "&#64;"},
        {"decimal entity with a zero", "&#064;"},
        {"decimal entity with many zeros", "&#0000064;"},
        {"decimal entity without its end", "&#64"},
        {"hexadecimal entity", "&#x40;"},
        {"hexadecimal entity with zeros", "&#X00040;"},
        {"hexadecimal entity without its end", "&#x40"},
        {"entity twice", "&amp;#64;"},
        {"named entity twice", "&amp;commat;"},
        {"UTF-7", "+AEA-"},
        {"full width", "\xef\xbc\xa0"},
        {"small", "\xef\xb9\xab"},
        {"full width in JSON", "\\uff20"},
        {"small in JSON", "\\ufe6b"},
        {"spaces around", " @ "},
        {"space before", " @"},
        {"space behind", "@ "},
        {"round brackets", "(at)"},
        {"round brackets and spaces", " (at) "},
        {"spaces within", " ( AT ) "},
        {"square brackets", "[at]"},
        {"square brackets and spaces", " [at] "},
        {"curly brackets", " {at} "},
        {"angle brackets", "<at>"},
        {"a sign in brackets", " [@] "},
        {"underscores", "_at_"},
        {"hyphens", "-at-"},
        {"stars", "*at*"},
        {"a word", " at "},
    };
    return all;
}

const std::vector<std::string>& domains() {
    static const std::vector<std::string> all = {"example.com",
                                                 "mail.example.co.uk",
                                                 "b\xc3\xbc"
                                                 "cher.example",
                                                 "xn--bcher-kva.example",
                                                 "example.com.csv",
                                                 "example%2Ecom",
                                                 "example&#46;com",
                                                 "example[.]com",
                                                 "example dot com",
                                                 "example (dot) com",
                                                 "mail [dot] example [dot] org",
                                                 "exam\x01ple.example",
                                                 "example\\uff0ecom",
                                                 "example_dot_com"};
    return all;
}

const std::vector<std::string>& local_parts() {
    static const std::vector<std::string> all = {
        "ann.secret",
        "secretive",
        "o'neil+secret=news/x",
        "j\xc3\xbcrgen.geheim",
        "ann\\u002esecret",
        "ann%2Esecret",
        "ann&period;secret",
        "ann=2Esecret",
        "ann\x01secret",
        "\\\"ann secret\\\"",
        "\"ann \\\"x\\\" secret\"",
        "ann.secret(private)",
        "\xe7\x94\xa8\xe6\x88\xb7secret",
    };
    return all;
}

bool shows_a_piece(const std::string& text, const std::string& of, std::size_t length) {
    for (std::size_t at = 0; at + length <= of.size(); ++at)
        if (text.find(of.substr(at, length)) != std::string::npos) return true;
    return false;
}

bool leaks(const std::string& text) {
    for (const char* piece : {"secret", "geheim", "neil", "private", "rgen", "ann"})
        if (text.find(piece) != std::string::npos) return true;
    return false;
}

// Two forms also occur in ordinary text. The word "at" needs a word before it that looks like a local part, or a domain
// with dots in words.
bool counts(const std::string& local, const spelling& sign, const std::string& domain) {
    const bool spelt_out = domain.find("dot") != std::string::npos || domain.find("[.]") != std::string::npos;
    return sign.name != "a word" || spelt_out || local != "secretive";
}

TEST(PrivateSpans, EveryFormOfAnAddressIsFoundAnywhere) {
    const std::vector<std::pair<std::string, std::string>> around = {
        {"", ""},
        {"Email address ", " is invalid"},
        {"Email address \"", "\" is invalid"},
        {"{\"email\":\"", "\",\"status\":7}"},
        {"no such subscriber: <", ">, sorry"},
        {"optout_", ".csv"},
        {"(", ")"},
        {"first\n", "\nlast"},
        {"Z\xc3\xbcrich: ", "; \xe2\x80\xa6"},
        {"a@b.example, ", ", c@d.example"},
    };
    for (const std::string& local : local_parts())
        for (const spelling& sign : at_signs())
            for (const std::string& domain : domains()) {
                if (!counts(local, sign, domain)) continue;
                for (const auto& [before, behind] : around) {
                    const std::string text = before + local + sign.text + domain + behind;
                    const std::string shown = redact(text);
                    ASSERT_FALSE(leaks(shown)) << sign.name << ": " << text << "\n became " << shown;
                }
            }
}

// Every text that is shortened before it is masked goes through one of these functions.
TEST(PrivateSpans, NoCutLeavesAPieceOfAnAddress) {
    for (const std::string& local : local_parts())
        for (const spelling& sign : at_signs()) {
            if (!counts(local, sign, "example.com")) continue;
            const std::string text = "Email address " + local + sign.text + "example.com is invalid";
            for (std::size_t most = 0; most <= text.size() + 1; ++most) {
                for (const std::string& kept : {std::string(cut_private(text, most)), hubspot::plain(text, most),
                                                hubspot::plain_ascii(text, most)}) {
                    ASSERT_LE(kept.size(), most);
                    const std::string shown = redact(kept);
                    ASSERT_FALSE(leaks(shown))
                        << sign.name << " cut at " << most << ": " << text << "\n became " << shown;
                }
            }
        }
}

TEST(PrivateSpans, ACutKeepsMostOfOtherText) {
    EXPECT_EQ(cut_private("nothing here", 7), "nothing");
    EXPECT_EQ(cut_private("nothing here", 12), "nothing here");
    EXPECT_EQ(cut_private("to ann@example.com or not", 20), "to ann@example.com o");
    EXPECT_EQ(cut_private("to ann@example.com or not", 17), "to ");
    EXPECT_EQ(cut_private("ab\xc3\xa4", 3), "ab");
    EXPECT_EQ(cut_private(std::string(10'000, 'x'), 100), "") << "it may be the beginning of an address";
    EXPECT_EQ(cut_private("y " + std::string(10'000, 'x') + "@example.com", 100), "y ");
}

TEST(PrivateSpans, WordsThatOnlyResembleAddressesAreKept) {
    for (const char* text : {"look @ this",
                             "@handle",
                             "@",
                             "limit=40 a second",
                             "max=400",
                             "100% of 40",
                             "it looks again at 2026-11-25T19:59:45Z",
                             "HubSpot is reached at api.hubapi.com",
                             "listens at 127.0.0.1:9464",
                             "export_at_noon.csv",
                             "opt-at-home.csv",
                             "meet (at last)",
                             "see C:\\x41\\y",
                             "export-at-10.30.csv",
                             "who (at)",
                             "a&#4294967360;b",
                             "a & b; c",
                             "R&D; at work",
                             "&#12345;",
                             "the file at /var/lib/x.db",
                             "look at hubspot.token_file"}) {
        EXPECT_EQ(redact(text), text);
    }
}

TEST(PrivateSpans, FileNamesThatLookLikeAddressesAreMasked) {
    for (const char* name :
         {"optout_ann.one(at)example.com.csv", "ann.one_at_example.com.csv", "ann.one-at-example.com.csv.gz",
          "ann.one@example.com.csv", "ann.one%40example.com.csv", "ann.one [at] example.com.csv",
          "ann.one at example.com.csv", "ann.one@example.com", "ann.one (at) example dot com.csv"})
        EXPECT_EQ(redact(name).find("ann"), std::string::npos) << redact(name);
    for (const char* name : {"optout_2026-11-30.csv", "export_at_noon.csv", "part-at-rest.ndjson.gz", "a+b.csv"})
        EXPECT_EQ(redact(name), name);
}

// ---- Addresses in a binary encoding.

std::string in_base64(const std::string& bytes, bool for_urls = false) {
    std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    digits += for_urls ? "-_" : "+/";
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) out += digits[(bits >> (count - 6)) & 63U];
    }
    if (count > 0) out += digits[(bits << (6 - count)) & 63U];
    while (out.size() % 4 != 0 && !for_urls) out += '=';
    return out;
}

std::string in_hex(const std::string& bytes, const std::string& before, const char* digits = "0123456789ABCDEF") {
    std::string out;
    for (const char c : bytes) {
        out += before;
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

TEST(PrivateSpans, AnAddressIsFoundInABinaryEncoding) {
    std::vector<std::string> codes;
    for (const char* plain : {"ann.one@example.com", "x@y.example", "{\"email\":\"ann.one@example.com\",\"id\":7}",
                              "to ann.one@example.com", "Ann One <ann.one@mail.example.co.uk>",
                              "j\xc3\xbcrgen@b\xc3\xbc"
                              "cher.example",
                              "ann%40example.com"})
        for (const std::string& each :
             {in_base64(plain), in_base64(plain, true), in_hex(plain, ""), in_hex(plain, "", "0123456789abcdef")})
            codes.push_back(each);
    for (const char* plain : {"ann.one@example.com", "x@y.example",
                              "j\xc3\xbcrgen@b\xc3\xbc"
                              "cher.example"})
        for (const char* before : {"=", "%", "\\x"}) codes.push_back(in_hex(plain, before));
    for (const std::string& coded : codes)
        for (const auto& [before, behind] : std::vector<std::pair<std::string, std::string>>{
                 {"", ""}, {"the address ", " is invalid"}, {"id=", ""}, {"\"", "\","}, {"=?utf-8?b?", "?="}}) {
            const std::string shown = redact(before + coded + behind);
            EXPECT_EQ(shown.find(coded.substr(0, 8)), std::string::npos) << coded << " became " << shown;
            EXPECT_EQ(shown.find(coded.substr(coded.size() - 8)), std::string::npos) << coded << " became " << shown;
        }
}

TEST(PrivateSpans, IdsAndDigestsAreNotTakenForEncodedAddresses) {
    std::mt19937_64 random(7);
    const auto bytes = [&](std::size_t n) {
        std::string out;
        while (out.size() < n) out += static_cast<char>(random());
        return out;
    };
    for (int i = 0; i < 2'000; ++i)
        for (const std::string& text :
             {in_hex(bytes(32), "", "0123456789abcdef"), in_base64(bytes(32)), in_base64(bytes(24), true)})
            ASSERT_EQ(redact(text), text);
    for (const char* text : {"aeb5f871-7f07-4993-9211-075dc63e7cbf", "/var/lib/consent-sync/processing/00000042.csv",
                             "communication_preferences.statuses.batch.write", "max=400 min=40 id=7F"})
        EXPECT_EQ(redact(text), text);
}

// ---- Secrets.

std::string base64(const std::string& text, const std::string& digits) {
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) out += digits[(bits >> (count - 6)) & 63U];
    }
    if (count > 0) out += digits[(bits << (6 - count)) & 63U];
    while (out.size() % 4 != 0) out += '=';
    return out;
}

std::string each_as(const std::string& text, const std::function<std::string(unsigned char)>& how) {
    std::string out;
    for (const char c : text) out += how(static_cast<unsigned char>(c));
    return out;
}

std::string hex(unsigned value, int width) {
    char digits[9];
    std::snprintf(digits, sizeof digits, "%0*x", width, value);
    return digits;
}

TEST(PrivateSpans, ASecretIsFoundInEveryEncoding) {
    const std::string secret = "pqr-9f8e7d6c-token+value/0123==";
    register_secret(secret);
    const std::string standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string for_urls = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::vector<std::string> writings = {secret, each_as(secret, [](auto c) { return "%" + hex(c, 2); }),
                                         each_as(secret, [](auto c) { return "\\u" + hex(c, 4); }),
                                         each_as(secret, [](auto c) { return "&#" + std::to_string(c) + ";"; }),
                                         each_as(secret, [](auto c) { return hex(c, 2); })};
    // Either only characters that need it are escaped, or some characters at random.
    writings.push_back(
        each_as(secret, [](auto c) { return std::isalnum(c) ? std::string(1, char(c)) : "%" + hex(c, 2); }));
    writings.push_back(each_as(secret, [](auto c) { return c == '/' ? std::string("\\/") : std::string(1, char(c)); }));
    writings.push_back(
        each_as(secret, [](auto c) { return c == '9' ? std::string("\\u0039") : std::string(1, char(c)); }));
    for (const std::string before : {"", "u", "us", "user:", "client-id:", "Authorization: Bearer "})
        for (const std::string behind : {"", "x", "\n", "more"})
            for (const std::string& digits : {standard, for_urls})
                writings.push_back(base64(before + secret + behind, digits));
    for (const std::string& writing : writings)
        for (const std::string before : {"", "the token ", "a=", "\"token\":\"", "x/"})
            for (const std::string behind : {"", " is wrong", "\"}", "&b=c"}) {
                const std::string text = before + writing + behind;
                for (const std::string& shown :
                     {redact(text), mask_secrets(text), redact(hubspot::plain(text, 2'000))}) {
                    ASSERT_FALSE(shows_a_piece(shown, secret, 6)) << text << "\n became " << shown;
                    ASSERT_FALSE(shows_a_piece(shown, writing, std::min<std::size_t>(writing.size(), 12)))
                        << text << "\n became " << shown;
                }
                for (std::size_t most = 0; most < text.size(); most += 3)
                    ASSERT_FALSE(shows_a_piece(redact(hubspot::plain(text, most)), secret, 6))
                        << text << " cut at " << most;
            }
}

TEST(PrivateSpans, HubSpotTokensAreFoundInEveryEncoding) {
    const std::string token = "pat-na1-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809";
    for (const std::string& writing :
         {token, each_as(token, [](auto c) { return std::isalnum(c) ? std::string(1, char(c)) : "%" + hex(c, 2); }),
          each_as(token, [](auto c) { return c == '-' ? std::string("\\u002d") : std::string(1, char(c)); }),
          "Bearer " + token})
        EXPECT_FALSE(shows_a_piece(redact("it was " + writing + " there"), "1a2b3c4d-5e6f", 6)) << redact(writing);
}

// ---- Random texts.

// A local part of random characters, each in a random encoding, at a random position of random text, cut anywhere.
TEST(PrivateSpans, NoSixBytesOfARandomLocalPartSurvive) {
    std::mt19937 luck(20'261'130);
    const auto below = [&luck](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(luck); };
    const std::string letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const std::vector<std::function<std::string(unsigned char)>> how = {[](unsigned char c) { return "%" + hex(c, 2); },
                                                                        [](unsigned char c) { return "\\u" + hex(c, 4); },
                                                                        [](unsigned char c) { return "\\x" + hex(c, 2); },
                                                                        [](unsigned char c) { return "&#" + std::to_string(c) + ";"; },
                                                                        [](unsigned char c) { return "&#x" + hex(c, 3) + ";"; },
                                                                        [](unsigned char c) { return "\\u{" + hex(c, 2) + "}"; }};
    for (int round = 0; round < 3'000; ++round) {
        std::string local;
        const std::size_t length = 6 + below(30);
        while (local.size() < length) local += letters[below(letters.size())];
        for (std::size_t i = 0; i < below(4); ++i) local[1 + below(length - 2)] = "._+-'="[below(6)];
        std::string written;
        const bool mixed = below(2) == 0;
        for (const char c : local) {
            const bool odd = mixed && below(4) == 0;
            written += odd ? how[below(how.size())](static_cast<unsigned char>(c)) : std::string(1, c);
            if (mixed && below(12) == 0) written += "\x01\x7f\n\t\x1b"[below(5)];
            if (mixed && below(12) == 0) written += "\xc2\xa0";
        }
        const spelling& sign = at_signs()[below(at_signs().size() - 1)];  // all except the word
        std::string noise;
        for (std::size_t i = below(60); i > 0; --i) noise += "abc .,;:\"'<>()[]{}\\/&%=@#\n\xc3\xbc"[below(29)];
        const std::string text = noise + " " + written + sign.text + domains()[below(4)] + " " + noise;
        const std::size_t most = below(2) == 0 ? text.size() : below(text.size() + 1);
        for (const std::string& kept : {text, std::string(cut_private(text, most)), hubspot::plain(text, most),
                                        hubspot::plain_ascii(text, most)}) {
            const std::string shown = redact(kept);
            ASSERT_FALSE(shows_a_piece(shown, local, 6))
                << "round " << round << ", " << sign.name << ", " << most << ": " << text << "\n became " << shown;
        }
    }
}

TEST(PrivateSpans, ReadEachByteOnlyAFewTimes) {
    for (const char* piece :
         {"@", "a@", "_at_", "(at)", "\"", "\\", "&", "%25", "a at ", "&amp;", "(", "a dot ", "=40"}) {
        std::string text;
        while (text.size() < 8'000) text += piece;
        EXPECT_LE(redact(text).size(), redacted_max + 3);
    }
}

}  // namespace
}  // namespace consent_sync::base
