#include "intake/values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "intake/columns.hpp"

namespace consent_sync::intake {
namespace {

std::string repeat(const std::string& text, std::size_t n) {
    std::string all;
    while (n-- > 0) all += text;
    return all;
}

TEST(Address, LetsThroughWhatMailMayKnow) {
    const std::string label(63, 'd');
    for (const std::string& good :
         {std::string("a@b.co"), std::string("first.last+tag@sub.example.com"),
          std::string("o'neil!#$%&*/=?^_`{|}~-@b.com"), std::string("jürgen@münchen.de"), std::string("用户@例子.公司"),
          std::string("a..b.@docomo.ne.jp"), std::string("a@under_score.com"), std::string("a@1.2.3.4.com"),
          std::string("A@B.COM"), std::string("a@xn--mnchen-3ya.de"), std::string(64, 'l') + "@b.com",
          "a@" + label + ".com",
          std::string(64, 'l') + "@" + label + "." + label + "." + std::string(57, 'd') + ".com"})
        EXPECT_EQ(find_address_fault(good), std::nullopt) << good << ": " << find_address_fault(good).value_or("");
}

TEST(Address, NamesWhatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"ann", "with an @"},
        {"@b.com", "before its @"},
        {"a@", "dot"},
        {"a@b", "dot"},
        {"a@b@c.com", "one @"},
        {"a@b.com;c@d.com", "commas"},
        {"a@b.com,c@d.com", "commas"},
        {"<a@b.com>", "bare"},
        {"\"a\"@b.com", "quotes"},
        {"a@[1.2.3.4]", "bare"},
        {"a @b.com", "spaces"},
        {"a\t@b.com", "spaces"},
        {"a\x7F@b.com", "control"},
        {std::string("a\0@b.com", 8), "control"},
        {"a\xC2\xA0@b.com", "invisible"},
        {"\xE2\x80\x8B"
         "a@b.com",
         "invisible"},
        {"a@b.com\xEF\xBB\xBF", "invisible"},
        {"a@b..com", "empty part"},
        {"a@.com", "empty part"},
        {"a@b.com.", "empty part"},
        {"a@-b.com", "dash"},
        {"a@b-.com", "dash"},
        {"a@b/c.com", "character"},
        {"a@1.2.3.4", "number"},
        {std::string(65, 'l') + "@b.com", "64 bytes"},
        {"a@" + std::string(64, 'd') + ".com", "63 bytes"},
        {"a@" + repeat("dddddddd.", 28) + "com", "254 bytes"},
    };
    for (const auto& [address, words] : table)
        EXPECT_THAT(std::string(find_address_fault(address).value_or("nothing")), testing::HasSubstr(words)) << address;
}

TEST(Address, MayHaveTwoHundredFiftyFourBytes) {
    const std::string domain = "@" + repeat("dddddddd.", 20) + "com";
    const std::string longest = repeat("l", 254 - 64 - domain.size()) + domain;
    EXPECT_EQ(find_address_fault(longest), std::nullopt);
    const std::string tail = "@" + repeat("dddddddd.", 27) + "com";
    EXPECT_EQ(find_address_fault(repeat("l", 254 - tail.size()) + tail), std::nullopt);
    EXPECT_NE(find_address_fault(repeat("l", 255 - tail.size()) + tail), std::nullopt);
}

// The quick look at usual ones lets nothing through that the long one finds a fault in.
TEST(Address, IsUsualOnlyWithoutAFault) {
    const std::vector<std::string> models{"person17.bench+news@mail.example-shop.com",
                                          "a@b.c1",
                                          "a@b.1c",
                                          "a@b.17",
                                          "a@-b.de",
                                          "a@b-.de",
                                          "a@b",
                                          "a@b..de",
                                          "a@b.de.",
                                          "@b.de",
                                          "a@",
                                          "",
                                          "a",
                                          "a@b@c.de",
                                          repeat("l", 64) + "@b.de",
                                          repeat("l", 65) + "@b.de",
                                          "a@" + repeat("l", 63) + ".de",
                                          "a@" + repeat("l", 64) + ".de",
                                          "a@" + repeat("d.", 130) + "com"};
    std::size_t usual = 0;
    const auto look = [&](const std::string& address) {
        if (!is_usual_address(address)) return;
        ++usual;
        EXPECT_TRUE(base::is_utf8(address)) << address;
        EXPECT_EQ(find_address_fault(address), std::nullopt) << address;
    };
    for (const std::string& model : models) {
        look(model);
        for (std::size_t at = 0; at < model.size(); ++at)
            for (int byte = 0; byte < 256; ++byte) {
                std::string changed = model;
                changed[at] = static_cast<char>(byte);
                look(changed);
                look(changed.insert(at, 1, model[at]));
            }
    }
    EXPECT_GT(usual, 10'000U);
    for (const std::string plain : {"ann@example.com", "o'neill@b.co.uk", "a_b.c+d@x-y.example.museum", "a@1.de"})
        EXPECT_TRUE(is_usual_address(plain)) << plain;
}

TEST(Columns, AreFoundByNameAndAliasWhateverTheSpelling) {
    const std::vector<std::pair<std::string, field>> table{{"subscriberIdString", field::subscriber},
                                                           {"SUBSCRIBER_ID_STRING", field::subscriber},
                                                           {"E-Mail", field::subscriber},
                                                           {"email address", field::subscriber},
                                                           {"statusState", field::state},
                                                           {"Consent", field::state},
                                                           {"opt-in", field::state},
                                                           {"Opt Out", field::inverted_state},
                                                           {"hs_email_optout", field::inverted_state},
                                                           {"Subscription ID", field::subscription},
                                                           {"channel", field::channel},
                                                           {"lawful-basis", field::basis},
                                                           {"legalBasisExplanation", field::explanation},
                                                           {"change_id", field::change_id},
                                                           {"Correlation-ID", field::report},
                                                           {"first name", field::unknown},
                                                           {"", field::unknown},
                                                           {"---", field::unknown},
                                                           {std::string(5000, 'e'), field::unknown}};
    for (const auto& [name, meaning] : table) EXPECT_EQ(find_field(name), meaning) << name;
}

TEST(Columns, AreShownWithoutAddressesAndCutBetweenCharacters) {
    EXPECT_EQ(shown_column("Vorname"), "Vorname");
    EXPECT_EQ(shown_column("ann@example.com"), "(hidden)");
    EXPECT_EQ(shown_column("a\nb"), "(hidden)");
    EXPECT_EQ(shown_column("\xFF"), "(hidden)");
    const std::string cut = shown_column(std::string(63, 'x') + repeat("ü", 10));
    EXPECT_TRUE(base::is_utf8(cut));
    EXPECT_EQ(cut, std::string(63, 'x') + "…");
}

TEST(Text, KnowsUtf8) {
    for (const std::string good : {"", "plain ascii, longer than eight", "ü", "日本", "😀", "aaaaaaaé"})
        EXPECT_TRUE(base::is_utf8(good)) << good;
    for (const std::string bad :
         {"\xFF", "\xC3", "aaaaaaaa\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE2\x82"})
        EXPECT_FALSE(base::is_utf8(bad));
}

}  // namespace
}  // namespace consent_sync::intake
