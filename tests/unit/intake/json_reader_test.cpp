#include "intake/json_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "intake/limits.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char a[] = R"({"email":"a@b.com","status":"yes"})";
constexpr char b[] = R"({"email":"b@b.com","status":"no"})";

reading read_json(const std::string& content, std::size_t piece = 1 << 20) {
    return read_text(content, "drop.json", with_subscription(), piece);
}

std::vector<std::string> addresses(const reading& got) {
    std::vector<std::string> all;
    for (const row& r : got.rows) all.emplace_back(r.fault ? r.fault->category : r.change.subscriber.view());
    return all;
}

TEST(JsonReader, ReadsABareArrayAndTheApisOwnBody) {
    const std::string array = std::string("[") + a + ",\n " + b + "]";
    for (const std::string& content :
         {array, "{\"inputs\":" + array + "}", "\xEF\xBB\xBF {\n\"inputs\" : " + array + " }\n",
          "{\"meta\":{\"inputs\":[1,{\"x\":\"}]\"}]},\"n\":-1.5e3,\"s\":\"\\\"inputs\\\":[\",\"inputs\":" + array +
              ",\"more\":[[]],\"t\":true}"}) {
        const reading got = read_json(content);
        EXPECT_TRUE(got.whole()) << got.refused << got.end.reason.message << content;
        EXPECT_THAT(addresses(got), ElementsAre("a@b.com", "b@b.com")) << content;
        ASSERT_EQ(got.rows.size(), 2U);
        EXPECT_EQ(content.substr(got[1].offset, got[1].length), b);
    }
}

TEST(JsonReader, AnEmptyFileAndAnEmptyArrayHaveNoRows) {
    for (const std::string content : {"", " \n", "[]", "{\"inputs\":[]}", "[ \n ]"}) {
        const reading got = read_json(content);
        EXPECT_TRUE(got.whole()) << content << got.refused;
        EXPECT_TRUE(got.rows.empty());
    }
}

TEST(JsonReader, ABrokenElementHurtsNoOther) {
    for (const std::string bad :
         {R"({"email":"x@b.com",})", R"({"email":})", R"({"email":"x"]})", R"(nonsense)", R"({"email":"x@b.com"}})",
          R"({"email":"x@b.com"} {})", R"({'email':'x'})", R"(17)", R"(["x@b.com","yes"])", R"("x@b.com")",
          R"({"email":"\ud800"})", "{\"email\":\"\xFF\"}", "{\"email\":\"a\nb\"}", ""}) {
        const reading got = read_json(std::string("[\n") + a + ",\n" + bad + ",\n" + b + "\n]");
        EXPECT_TRUE(got.whole()) << bad << got.refused << got.end.reason.message;
        EXPECT_THAT(addresses(got), ElementsAre("a@b.com", "malformed", "b@b.com")) << bad;
        ASSERT_EQ(got.rows.size(), 3U) << bad;
        EXPECT_THAT(got.message(1), HasSubstr(", bytes ")) << bad;
        EXPECT_EQ(got[2].number, 3U);
    }
}

TEST(JsonReader, NamesABrokenElementByLineAndBytes) {
    const reading got = read_json(std::string("[\n") + a + ",\n{\"email\":},\n" + b + "]");
    ASSERT_EQ(got.rows.size(), 3U);
    EXPECT_THAT(got.message(1), HasSubstr("line 3, bytes 38 to 48: this is not valid JSON"));
}

TEST(JsonReader, ACommaBehindTheLastElementSeparatesNothing) {
    EXPECT_THAT(addresses(read_json(std::string("[") + a + ",]")), ElementsAre("a@b.com"));
}

TEST(JsonReader, BreaksOffWhereTheStructureIsLost) {
    const std::string start = std::string("[") + a + ",";
    for (const std::string rest :
         {R"({"email":"x@b.com")", R"({"email":"x@b.com},)", R"({"email":["x@b.com"},)", "{"}) {
        const reading got = read_json(start + rest + b + "]");
        EXPECT_EQ(got.end.at, read_result::state::broke_off) << rest;
        EXPECT_THAT(got.end.reason.message, HasSubstr("begins at byte " + std::to_string(start.size())));
        EXPECT_THAT(addresses(got), ElementsAre("a@b.com")) << rest;
    }
}

TEST(JsonReader, TellsWhenSomethingStandsBehindTheArray) {
    const std::string array = std::string("[") + a + "]";
    for (const std::string& content :
         {array + b, array + "]", "{\"inputs\":" + array, "{\"inputs\":" + array + "]",
          "{\"inputs\":" + array + ",\"x\":[1", "{\"inputs\":" + array + ",\"inputs\":" + array + "}"}) {
        const reading got = read_json(content);
        EXPECT_EQ(got.end.at, read_result::state::broke_off) << content;
        EXPECT_THAT(addresses(got), ElementsAre("a@b.com")) << content;
    }
}

TEST(JsonReader, RefusesWhatIsNoArray) {
    EXPECT_THAT(read_json("hello").refused, HasSubstr("neither a JSON array"));
    EXPECT_THAT(read_json("\"inputs\"").refused, HasSubstr("neither a JSON array"));
    EXPECT_THAT(read_json("{\"rows\":[]}").refused, HasSubstr("no member \"inputs\""));
    EXPECT_THAT(read_json("{\"inputs\":{}}").refused, HasSubstr("not an array"));
    EXPECT_THAT(read_json(std::string(a) + "\n" + b).refused, HasSubstr(".ndjson"));
    EXPECT_THAT(read_json("{\"x\":[[[").refused, HasSubstr("breaks off"));
}

TEST(JsonReader, ADeepElementIsMalformedAndCostsNoStack) {
    const std::string deep(200'000, '[');
    const std::string closed(200'000, ']');
    const reading got = read_json(std::string("[") + a + ",{\"x\":" + deep + closed + "}," + b + "]");
    EXPECT_THAT(addresses(got), ElementsAre("a@b.com", "malformed", "b@b.com"));
    EXPECT_THAT(got.message(1), HasSubstr("deeper than 32"));
    EXPECT_TRUE(read_json("{\"x\":" + deep + closed + ",\"inputs\":[]}").whole());
}

TEST(JsonReader, ALongElementIsMalformedAndReadingGoesOn) {
    const std::string frame = R"({"email":"x@b.com","status":"no","x":""})";
    const std::size_t room = row_bytes_max - frame.size();
    for (const auto& [size, fits] : {std::pair{room, true}, {room + 1, false}, {4 * room, false}}) {
        std::string big = frame;
        big.insert(big.size() - 2, size, 'x');
        const reading got = read_json(std::string("[") + a + "," + big + "," + b + "]");
        EXPECT_THAT(addresses(got), ElementsAre("a@b.com", fits ? "x@b.com" : "malformed", "b@b.com")) << size;
        EXPECT_EQ(got[1].length, big.size());
        EXPECT_TRUE(got.whole());
    }
}

TEST(JsonReader, GivesTheSameRowsInPiecesOfAnySize) {
    const std::string content = std::string("{\"x\":{\"y\":[\"\\\"]\"]}, \"inputs\" : [") + a + ",\n{\"email\":}, " +
                                b + R"(,{"email":"\u00fc\"\\@b.com","e":[{"a":"}"}]}},)" + "\n17 , " + b +
                                " ] , \"z\" : {} }\n";
    const reading expected = read_json(content);
    ASSERT_TRUE(expected.whole());
    ASSERT_EQ(expected.rows.size(), 6U);
    for (std::size_t piece = 1; piece < content.size(); ++piece)
        EXPECT_EQ(describe(read_json(content, piece).rows), describe(expected.rows)) << piece;
}

TEST(JsonReader, ReadsEscapesAndNamesUnknownMembers) {
    const reading got = read_json(R"([{"\u0065mail":"\u00fcmit@b.com","status":true,"First":1,"Last":{"email":"x"}},)"
                                  R"({"email":"b@b.com","First":"","status":0}])");
    ASSERT_EQ(got.rows.size(), 2U);
    EXPECT_EQ(got[0].change.subscriber, "ümit@b.com");
    EXPECT_EQ(got[0].change.state, consent::status_state::subscribed);
    EXPECT_EQ(got[1].change.state, consent::status_state::unsubscribed);
    EXPECT_THAT(got.unknown, ElementsAre("First", "Last"));
}

// White space of other worlds before a bracket was trimmed to nothing, never passed, and told as a row for ever.
TEST(JsonReader, BlanksThatAreNotOfJsonEnd) {
    for (const std::string blank : {"\v", "\f", "\v\f"}) {
        const std::string element = R"({"email":"a@b.example","status":"no"})";
        for (const std::string& text : {"[" + blank + "]", "[" + element + "," + blank + "]",
                                        "[" + element + blank + "]", "[" + blank + element + "]"}) {
            base::result<file_reader> reader = open_text(text, "x.json", with_subscription());
            ASSERT_TRUE(reader);
            std::vector<row> rows;
            const read_result end = reader->next(rows, 10);
            EXPECT_EQ(end.at, read_result::state::end_of_file);
            ASSERT_FALSE(rows.empty());
            ASSERT_LE(rows.size(), 2U);
            EXPECT_EQ(rows.back().fault ? rows.back().fault->category : "", "malformed");
        }
    }
}

TEST(JsonReader, GoesOnBehindAFirstElementThatIsMissing) {
    const std::string text = std::string("[,") + a + "," + b + "]";
    base::result<file_reader> reader = open_text(text, "x.json", with_subscription());
    ASSERT_TRUE(reader);
    std::vector<row> rows;
    reader->next(rows, 1);
    reading rest;
    base::result<file_reader> later = open_text(text, "x.json", with_subscription(), 1 << 20, reader->position());
    ASSERT_TRUE(later);
    read_on(*later, rest);
    ASSERT_EQ(rest.rows.size(), 2U);
    EXPECT_EQ(rest[0].number, 2U);
    EXPECT_EQ(rest[0].change.subscriber, "a@b.com");
}

using testing::HasSubstr;

constexpr char ann_line[] = R"({"email":"a@b.com","status":"yes"})";
constexpr char bob_line[] = R"({"email":"b@b.com","status":"no"})";

reading read_ndjson(const std::string& content, std::size_t piece = 1 << 20) {
    return read_text(content, "DROP.NDJSON", with_subscription(), piece);
}

TEST(NdjsonReader, ReadsOneObjectALine) {
    const std::string content = std::string(ann_line) + "\r\n\n  \n" + bob_line;
    const reading got = read_ndjson(content);
    ASSERT_TRUE(got.whole()) << got.refused;
    ASSERT_EQ(got.rows.size(), 2U);
    EXPECT_EQ(got[0].length, sizeof(ann_line) - 1);
    EXPECT_EQ(content.substr(got[1].offset, got[1].length), bob_line);
    EXPECT_EQ(got[1].change.state, consent::status_state::unsubscribed);
    EXPECT_TRUE(read_text(content, "x.jsonl", with_subscription()).whole());
}

TEST(NdjsonReader, AnEmptyFileHasNoRows) {
    for (const std::string content : {"", "\n", "\xEF\xBB\xBF\r\n"}) {
        const reading got = read_ndjson(content);
        EXPECT_TRUE(got.whole()) << got.refused;
        EXPECT_TRUE(got.rows.empty());
    }
}

TEST(NdjsonReader, ABrokenLineCostsOneRow) {
    for (const std::string bad : {R"({"email":"x@b.com")", R"({"email":"x)", "[]", "17", "null", "}", "{} {}",
                                  "\"\xFF\"", "{\"email\":\"\xC3\x28\"}", "{\"a\":1,}"}) {
        const reading got = read_ndjson(std::string(ann_line) + "\n" + bad + "\n" + bob_line + "\n");
        ASSERT_EQ(got.rows.size(), 3U) << bad;
        EXPECT_EQ(got.fault(1), "malformed") << bad;
        EXPECT_THAT(got.message(1), HasSubstr("line 2, bytes 35 to " + std::to_string(35 + bad.size()) + ": "));
        EXPECT_EQ(got.fault(2), "");
        EXPECT_EQ(got[2].number, 3U);
    }
}

// A line of plain ASCII is read in a way of its own.
TEST(NdjsonReader, ALineBeyondAsciiIsReadAsOneOfAscii) {
    for (const std::string members :
         {R"("email":"a@b.com","status":"yes")", R"("\u0065mail":"a@b.com","status":"\u0079es","x":"\n\"")",
          R"("email":"a\u00e9@b.com","status":"\ud83d\ude00")", R"("email":"\ud83d","status":"no")",
          "\"email\":\"a\tb\"", R"("email":"a\x","status":"no")", R"("email":"a@b.com" "status":"no")",
          R"("email":"\u00g0")", R"("email":["a@b.com",{"b":[]}],"status":1)", R"("a":[1,2,)"}) {
        const reading ascii = read_ndjson("{" + members + R"(,"pad":"ee"})");
        const reading beyond = read_ndjson("{" + members + ",\"pad\":\"\xC3\xA9\"}");
        EXPECT_EQ(describe(ascii.rows), describe(beyond.rows)) << members;
    }
}

TEST(NdjsonReader, ALongLineIsMalformedAndReadingGoesOn) {
    const std::string frame = R"({"email":"x@b.com","status":"no","x":""})";
    const std::size_t room = row_bytes_max - frame.size();
    for (const auto& [size, fits] : {std::pair{room, true}, {room + 1, false}, {3 * room, false}}) {
        std::string big = frame;
        big.insert(big.size() - 2, size, 'x');
        const reading got = read_ndjson(std::string(ann_line) + "\n" + big + "\n" + bob_line);
        ASSERT_EQ(got.rows.size(), 3U);
        EXPECT_EQ(got.fault(1), fits ? "" : "malformed") << size;
        EXPECT_EQ(got[1].length, big.size());
        EXPECT_EQ(got.fault(2), "");
    }
}

TEST(NdjsonReader, TellsThatAFileIsOneJsonDocument) {
    EXPECT_THAT(read_ndjson(std::string("[") + ann_line + "]").refused, HasSubstr(".json"));
    EXPECT_THAT(read_ndjson("{\n \"inputs\": []}").refused, HasSubstr(".json"));
    EXPECT_THAT(read_ndjson("{ \"inputs\": []}").refused, HasSubstr(".json"));
    EXPECT_THAT(read_ndjson("email,status\n").refused, HasSubstr("not a JSON object"));
}

TEST(NdjsonReader, GivesTheSameRowsInPiecesOfAnySize) {
    const std::string content =
        std::string(ann_line) + "\r\n\n{\"email\":\"\\u00fc@b.com\",\"status\":1}\nbroken\n" + bob_line;
    const reading expected = read_ndjson(content);
    ASSERT_EQ(expected.rows.size(), 4U);
    for (std::size_t piece = 1; piece < content.size(); ++piece)
        EXPECT_EQ(describe(read_ndjson(content, piece).rows), describe(expected.rows)) << piece;
}

TEST(NdjsonReader, ANameTwiceInARowIsAmbiguous) {
    const reading got = read_ndjson(R"({"email":"a@b.com","Subscriber":"b@b.com","status":"no"})"
                                    "\n"
                                    R"({"email":"a@b.com","status":"no","status":"yes"})");
    ASSERT_EQ(got.rows.size(), 2U);
    EXPECT_EQ(got.fault(0), "ambiguous_field");
    EXPECT_THAT(got.message(0), HasSubstr("subscriberIdString"));
    EXPECT_EQ(got.fault(1), "ambiguous_field");
}

}  // namespace
}  // namespace consent_sync::intake
