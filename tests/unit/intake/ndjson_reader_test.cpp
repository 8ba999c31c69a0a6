#include "intake/ndjson_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "intake/limits.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

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
    EXPECT_THAT(read_ndjson("email,status\n").refused, HasSubstr("no JSON object"));
}

TEST(NdjsonReader, GivesTheSameRowsInPiecesOfAnySize) {
    const std::string content = std::string(ann_line) + "\r\n\n{\"email\":\"\\u00fc@b.com\",\"status\":1}\nbroken\n" + bob_line;
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
