#include "report/text.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace consent_sync::report {
namespace {

TEST(ReportText, NamesAFolderSafely) {
    EXPECT_EQ(folder_name(42, "contacts.csv"), "00000042-contacts.csv");
    EXPECT_EQ(folder_name(42, "../../etc/passwd"), "00000042-___.._etc_passwd");
    EXPECT_EQ(folder_name(42, "..."), "00000042-___");
    EXPECT_EQ(folder_name(42, "a\nb\x1b[31m\x7f.csv"), "00000042-a_b_[31m_.csv");
    EXPECT_EQ(folder_name(42, "a\xE2\x80\xAE.csv"), "00000042-a_.csv");  // right-to-left override
    EXPECT_EQ(folder_name(42, std::string_view("a\0b", 3)), "00000042-a_b");
    EXPECT_EQ(folder_name(42, "\xFF\xC3x"), "00000042-__x");
    EXPECT_EQ(folder_name(42, ""), "00000042-");
    EXPECT_EQ(folder_name(42, "ä ü.csv"), "00000042-ä ü.csv");
}

TEST(ReportText, CutsALongNameAtACharacter) {
    std::string name;
    while (name.size() < 254) name += "ä";
    const std::string folder = folder_name(1, "x" + name);  // 9 + 1 bytes, then two-byte characters
    EXPECT_EQ(folder.size(), 254U);
    EXPECT_EQ(folder, "00000001-x" + name.substr(0, 244));
    EXPECT_EQ(folder_name(1, name).size(), 255U);
}

TEST(ReportText, FindsTheFileOfAFolder) {
    EXPECT_EQ(arrival_of_folder("00000042-x.csv"), 42U);
    EXPECT_EQ(arrival_of_folder("00000042-"), 42U);
    EXPECT_EQ(arrival_of_folder("1234567890-x"), 1234567890U);
    for (const char* name : {"", "batches.ndjson", "42-x", "00000042", "99999999999-x", ".00000042.tmp"})
        EXPECT_EQ(arrival_of_folder(name), 0U) << name;
}

TEST(ReportText, QuotesCsvFieldsOnlyWhereAReaderNeedsIt) {
    const auto field = [](std::string_view text) {
        std::string out;
        append_csv_field(out, text);
        return out;
    };
    EXPECT_EQ(field("plain"), "plain");
    EXPECT_EQ(field(""), "");
    EXPECT_EQ(field("=1+2"), "=1+2");
    for (const char* text : {"a,b", "a;b", "a\tb", "a\nb", "a\rb", " a", "a "})
        EXPECT_EQ(field(text), '"' + std::string(text) + '"');
    EXPECT_EQ(field("a\"b"), "\"a\"\"b\"");
}

TEST(ReportText, JsonIsAlwaysUtf8) {
    EXPECT_EQ(json_text("a\xFFz\xC3"), "a\xEF\xBF\xBDz\xEF\xBF\xBD");
    EXPECT_EQ(json_text("\xE2\x82\xAC"), "\xE2\x82\xAC");
    EXPECT_TRUE(json_text_or_null("").is_null());
    EXPECT_EQ(json_line("a\nb"), "\"a\\nb\"\n");
}

TEST(ReportText, IndentedJsonIsTheSameValue) {
    const auto value = boost::json::parse(R"({"a":[1,{"b":null}],"c":{},"d":[],"e":"x\n","f":1.5})");
    const std::string text = json_indented(value);
    EXPECT_EQ(boost::json::parse(text), value);
    EXPECT_EQ(text.substr(0, 15), "{\n  \"a\": [\n    ");
    EXPECT_TRUE(text.ends_with("\n}\n"));
}

}  // namespace
}  // namespace consent_sync::report
