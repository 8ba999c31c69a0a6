// A row that is like the one before it is read in a way of its own, which may be quicker but must say the same.
#include "intake/json_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "intake/limits.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using testing::HasSubstr;

constexpr char usual[] =
    R"({"email":"ann@example.com","subscriptionId":530,"status":"yes", "note" : null,"seen":true,"channel":"EMAIL"})";

// All that was read of a row.
std::string describe(const record& r) {
    std::string all;
    for (const value& v : r.values) {
        all += std::to_string(static_cast<int>(v.kind)) + " ";
        all += v.kind == value_kind::text ? std::string(r.text(v)) : std::to_string(v.number);
        all += "|";
    }
    return all.append(r.repeated ? name(*r.repeated) : "");
}

// A copy behind which nothing may be read.
struct exact {
    explicit exact(std::string_view text) : bytes(new char[text.size()]), size(text.size()) {
        std::copy(text.begin(), text.end(), bytes.get());
    }
    std::string_view text() const { return {bytes.get(), size}; }
    std::unique_ptr<char[]> bytes;
    std::size_t size;
};

class JsonRecord : public testing::Test {
  protected:
    JsonRecord() { EXPECT_EQ(alike_.parse(usual, values_), std::nullopt); }

    // The size of what was read of `row` because it is like the usual one; it is compared with what parse() says.
    std::size_t parse_alike(std::string_view row) {
        const exact copy(row);
        const std::size_t size = alike_.parse_alike(copy.text(), values_);
        EXPECT_LE(size, row.size());
        if (size == 0) return 0;
        record expected;
        const exact whole(row.substr(0, size));
        EXPECT_EQ(plain_.parse(whole.text(), expected), std::nullopt) << row;
        EXPECT_EQ(describe(values_), describe(expected)) << row;
        return size;
    }

    std::optional<std::string> parse(std::string_view row) {
        const exact copy(row);
        return plain_.parse(copy.text(), values_);
    }

    json_record_parser alike_;
    json_record_parser plain_;
    record values_;
};

std::string with_value(const std::string& value, std::string_view of) {
    std::string row = usual;
    return row.replace(row.find(of), of.size(), value);
}

constexpr std::string_view places[] = {"\"ann@example.com\"", "530", "\"yes\"", "null", "true", "\"EMAIL\""};

TEST_F(JsonRecord, PlainValuesOfAnyKindAreAlike) {
    const std::string long_text(1'000, 'x');
    for (const std::string& value :
         {std::string("\"\""), std::string("\"a\""), std::string("\"fifteen bytes..\""), std::string("\"\x7F\""),
          std::string("\"sixteen bytes...\""), "\"" + long_text + "\"", "\"" + long_text + "\xC3\xBC\"",
          std::string("\"\xC3\xBC\xF0\x9F\x98\x80 {}[],:\""), std::string("null"), std::string("true"),
          std::string("false"), std::string("0"), std::string("-0"), std::string("-17"),
          std::string("999999999999999999"), std::string("-999999999999999999")})
        for (const std::string_view place : places) {
            const std::string row = with_value(value, place);
            EXPECT_EQ(parse_alike(row), row.size()) << row;
            EXPECT_EQ(parse_alike(row + ",{\"a\":1}"), row.size()) << row;
        }
}

TEST_F(JsonRecord, ValuesThatAreNotPlainAreParsed) {
    for (const std::string value : {R"("\u00e9")", R"("a\"b")", "1.5", "1e3", "9223372036854775807",
                                    "9223372036854775808", "-9223372036854775808", "{}", "[]", "[{\"a\":[1]}]"})
        for (const std::string_view place : places) {
            const std::string row = with_value(value, place);
            EXPECT_EQ(parse_alike(row), 0U) << row;
            EXPECT_EQ(parse(row), std::nullopt) << row;
        }
}

TEST_F(JsonRecord, BrokenValuesAreNamedByTheirByte) {
    for (const std::string value : {"01",
                                    "-",
                                    "-01",
                                    "1.",
                                    "1.e3",
                                    "1e",
                                    "1e+",
                                    ".5",
                                    "+1",
                                    "0x1",
                                    "1 2",
                                    "nul",
                                    "nulll",
                                    "True",
                                    "NaN",
                                    "tru e",
                                    "'a'",
                                    R"("\x")",
                                    R"("\u12")",
                                    R"("\u00g0")",
                                    R"("\ud800")",
                                    R"("\ud800\u0041")",
                                    R"("\udc00")",
                                    "\"\xFF\"",
                                    "\"\xC3\"",
                                    "\"\xC0\x80\"",
                                    "\"\xED\xA0\x80\"",
                                    "\"\xF4\x90\x80\x80\"",
                                    "\"a\nb\"",
                                    "\"a\tb\"",
                                    "\"\x01\"",
                                    "\"a",
                                    "[1,]",
                                    "[1 2]",
                                    "[1",
                                    "1]",
                                    "{\"a\" 1}",
                                    "{\"a\":1,}",
                                    "{\"a\":}",
                                    "{a:1}",
                                    "[\"a\":1]",
                                    "{\"a\":[\"b\":1]]}",
                                    "",
                                    ",",
                                    "]",
                                    "}"})
        for (const std::string_view place : places) {
            const std::string row = with_value(value, place);
            const std::size_t start = std::string_view(usual).find(place);
            EXPECT_EQ(parse_alike(row), 0U) << row;
            const std::optional<std::string> why = parse(row);
            ASSERT_TRUE(why) << row;
            const std::size_t named = why->find("at byte ");
            ASSERT_NE(named, std::string::npos) << *why;
            EXPECT_GT(std::stoul(why->substr(named + 8)), start) << row << *why;
            EXPECT_LE(std::stoul(why->substr(named + 8)), row.size() + 1) << row << *why;
        }
}

TEST_F(JsonRecord, NamesTheByteOfWhatNoTextMayHold) {
    const auto byte = [](std::size_t n) { return HasSubstr("at byte " + std::to_string(n) + " of the row"); };
    EXPECT_THAT(parse("{\"a\":\"b\x01\"}").value_or(""), byte(8));
    EXPECT_THAT(parse("{\"a\":\"b\n\"}").value_or(""), byte(8));
    EXPECT_THAT(parse("{\"a\":\"b\xFF\"}").value_or(""), byte(8));
    EXPECT_THAT(parse("{\"a\":\"b\\x\"}").value_or(""), byte(9));
    EXPECT_THAT(parse("{\"a\":1} 2").value_or(""), byte(9));
    EXPECT_THAT(parse("{\"a\":1,}").value_or(""), byte(8));
    EXPECT_THAT(parse("{\"a\":").value_or(""), byte(6));
}

TEST_F(JsonRecord, NoPartOfARowIsARow) {
    for (std::size_t size = 0; size < sizeof(usual) - 1; ++size) {
        const std::string part(usual, size);
        EXPECT_EQ(parse_alike(part), 0U) << part;
        EXPECT_TRUE(parse(part)) << part;
    }
    EXPECT_EQ(parse_alike(usual), sizeof(usual) - 1);
}

// parse_alike() of the fixture compares each that is read.
TEST_F(JsonRecord, EveryByteThatIsAnotherOneMissingOrTooManyIsSeen) {
    std::size_t alike = 0;
    for (std::size_t at = 0; at < sizeof(usual) - 1; ++at) {
        std::string row = usual;
        for (int byte = 0; byte < 256; ++byte) {
            row[at] = static_cast<char>(byte);
            alike += parse_alike(row) > 0 ? 1 : 0;
        }
        row = usual;
        for (const char byte : {'"', '\\', ' ', ',', ':', '{', '}', '[', ']', '0', '-', 'e', '\n', '\xC3'})
            parse_alike(std::string(row).insert(at, 1, byte));
        parse_alike(row.erase(at, 1));
    }
    EXPECT_GT(alike, 2'000U);  // letters of other texts
}

TEST_F(JsonRecord, AnotherOrderAnotherNameOrAnotherSpaceIsAnotherShape) {
    const std::string row = usual;
    for (const auto& [from, to] : {std::pair{"note", "nota"},
                                   {"\"note\" :", "\"note\":"},
                                   {"email", "e\\u006dail"},
                                   {"\"note\" : null,", ""},
                                   {",\"seen\":true", ",\"seen\":true,\"seen2\":1"},
                                   {"{", " {"}}) {
        std::string other = row;
        other.replace(other.find(from), std::string_view(from).size(), to);
        EXPECT_EQ(parse_alike(other), 0U) << other;
        EXPECT_EQ(parse(other), std::nullopt) << other;
    }
}

TEST_F(JsonRecord, ARowThatNamesAFieldTwiceIsNoModel) {
    const std::string twice = R"({"email":"a@b.com","mail":"c@d.com","status":"no"})";
    json_record_parser parser;
    EXPECT_EQ(parser.parse(twice, values_), std::nullopt);
    EXPECT_EQ(values_.repeated, field::subscriber);
    EXPECT_EQ(parser.parse_alike(twice, values_), 0U);
}

TEST_F(JsonRecord, NestingIsAllowedUpToItsBound) {
    const auto nested = [](std::size_t levels) {  // the row is one of them
        return "{\"x\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
    };
    EXPECT_EQ(parse(nested(json_depth_max)), std::nullopt);
    EXPECT_THAT(parse(nested(json_depth_max + 1)).value_or(""), HasSubstr("deeper than 32"));
}

TEST_F(JsonRecord, ValuesThatAreNotPlainLeaveTheShapeAsItWas) {
    for (const std::string value : {R"("\u00e9")", "1.5", "1e3", "9223372036854775807", "[]"}) {
        const std::string row = with_value(value, "true");
        EXPECT_EQ(parse_alike(row), 0U) << row;
        EXPECT_EQ(alike_.parse(row, values_), std::nullopt) << row;
        EXPECT_EQ(parse_alike(usual), sizeof(usual) - 1) << row;
    }
}

// Rows of two shapes in turn, then of one: however long the shape was looked for in vain, the rows are right.
TEST(JsonRecordFile, RowsOfManyShapesAreReadAsTheyAre) {
    std::string content;
    std::vector<std::string> expected;
    for (int i = 0; i < 500; ++i) {
        const std::string address = "p" + std::to_string(i) + "@b.com";
        const bool other = i < 300 && i % 2 == 0;
        content +=
            other ? R"({"status":"no","email":")" + address + "\"}" : R"({"email":")" + address + R"(","status":"no"})";
        content += i % 3 == 0 ? "\r\n" : "\n";
        expected.push_back(address);
    }
    const reading got = read_text(content, "x.ndjson", with_subscription(), 1 << 20);
    std::vector<std::string> addresses;
    for (const row& r : got.rows) addresses.emplace_back(r.fault ? r.fault->message : r.change.subscriber.view());
    EXPECT_EQ(addresses, expected);
    EXPECT_EQ(describe(got.rows), describe(read_text(content, "x.ndjson", with_subscription(), 7).rows));
}

// What was read of a broken row because its start was like the row before must not show.
TEST(JsonRecordFile, ABrokenRowBetweenAlikeOnesIsMalformedAlone) {
    const std::string good = R"({"email":"a@b.com","status":"no"})";
    for (const std::string bad : {R"({"email":"x@b.com","status":"no")", R"({"email":"x@b.com","status":"no"}})",
                                  R"({"email":"x@b.com","status":"no"} x)", R"({"email":"x@b.com","status":"\q"})",
                                  R"({"email":"x@b.com","status":"no"},)"}) {
        const reading lines =
            read_text(good + "\n" + good + "\n" + bad + "\n" + good + "\n", "x.ndjson", with_subscription());
        ASSERT_EQ(lines.rows.size(), 4U) << bad;
        EXPECT_EQ(lines.fault(2), "malformed") << bad;
        EXPECT_EQ(lines[2].change.subscriber, "");
        EXPECT_EQ(lines.fault(3), "");
    }
    const reading spaced =
        read_text("[" + good + " ,\n\t" + good + "\r\n, " + good + "\n]\n", "x.json", with_subscription());
    EXPECT_TRUE(spaced.whole());
    ASSERT_EQ(spaced.rows.size(), 3U);
    EXPECT_EQ(spaced[1].length, good.size());
    const reading glued = read_text("[" + good + "," + good + good + "," + good + "]", "x.json", with_subscription());
    ASSERT_EQ(glued.rows.size(), 3U);
    EXPECT_EQ(glued.fault(1), "malformed");
    EXPECT_EQ(glued[1].length, 2 * good.size());
}

}  // namespace
}  // namespace consent_sync::intake
