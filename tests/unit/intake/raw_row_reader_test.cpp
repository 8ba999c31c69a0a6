#include "intake/raw_row_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/base/temp_folder.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t raw_bytes_max = 1 << 30;

base::result<raw_row_reader> open_raw(const std::string& content, std::string_view name) {
    return raw_row_reader::open(std::make_unique<memory_source>(content, 11), name, raw_bytes_max);
}

TEST(RawRowReader, GivesTheFieldsOfCsvRowsAsTheyWere) {
    const std::string content =
        "\xEF\xBB\xBF"
        "Name;email;status;subscription\r\n\"x;\"\"y\"\"\";a@b.com;?;\r\n\r\n;b@b.com;no;1\r\n\"l\n2\";c;d;e";
    for (const bool packed : {false, true}) {
        const std::string file = packed ? gzip(content) : content;
        const std::string name = packed ? "x.csv.gz" : "x.csv";
        const reading rows = read_text(file, name);
        ASSERT_EQ(rows.rows.size(), 3U);
        auto raw = open_raw(file, name);
        ASSERT_TRUE(raw);
        EXPECT_THAT(raw->header(), ElementsAre("Name", "email", "status", "subscription"));
        EXPECT_EQ(raw->delimiter(), ';');
        EXPECT_EQ(raw->subscription_column(), 3U);
        EXPECT_THAT(raw->at(rows[0].offset)->fields, ElementsAre("x;\"y\"", "a@b.com", "?", ""));
        EXPECT_THAT(raw->at(rows[0].offset)->fields, ElementsAre("x;\"y\"", "a@b.com", "?", ""));
        EXPECT_THAT(raw->at(rows[2].offset)->fields, ElementsAre("l\n2", "c", "d", "e"));
    }
}

TEST(RawRowReader, GivesTheTextOfJsonRows) {
    const std::string a = R"({"email":"a@b.com", "status": "?", "n": 12.0})";
    const std::string b = R"({ "email":"b@b.com","x":[{"y":"}"}] })";
    const std::string ndjson = a + "\r\nbroken\n" + b;
    const std::string array = "{\"inputs\":[ " + a + " ,\n" + b + " ]}";
    for (const auto& [name, content] : {std::pair<std::string, std::string>{"x.ndjson", ndjson}, {"x.json", array}})
        for (const bool packed : {false, true}) {
            const std::string file = packed ? gzip(content) : content;
            const reading rows = read_text(file, packed ? name + ".gz" : name);
            auto raw = open_raw(file, packed ? name + ".gz" : name);
            ASSERT_TRUE(raw);
            EXPECT_EQ(raw->at(rows[0].offset)->text, a);
            EXPECT_EQ(raw->at(rows.rows.back().offset)->text, b);
        }
}

TEST(RawRowReader, LeavesOutWhatAnEarlierRunAdded) {
    auto csv = open_raw(
        "email,note,change_id,verdict,category,message,correlation_id\na@b.com,x,4294967297,rejected,c,m,"
        "id\n",
        "x.csv");
    ASSERT_TRUE(csv);
    EXPECT_THAT(csv->header(), ElementsAre("email", "note"));
    EXPECT_THAT(csv->at(61)->fields, ElementsAre("a@b.com", "x"));
    EXPECT_EQ(csv->subscription_column(), std::nullopt);

    auto own = open_raw("email,message\na@b.com,hello\n", "x.csv");
    EXPECT_THAT(own->header(), ElementsAre("email", "message"));

    const std::string again =
        R"({"email":"a@b.com","change_id":5 ,"x":"\"verdict\":1","verdict":"rejected","n":1e2,"message":"a,}"})";
    EXPECT_EQ(open_raw(again, "x.ndjson")->at(0)->text, R"({"email":"a@b.com","x":"\"verdict\":1","n":1e2})");
    const std::string message = R"({"email":"a@b.com","message":"mine"})";
    EXPECT_EQ(open_raw(message, "x.ndjson")->at(0)->text, message);
}

TEST(RawRowReader, TellsThatTheFileHasChanged) {
    struct place {
        std::string name;
        std::string content;
        std::uint64_t offset;
    };
    const std::string csv = "email,status\na@b.com,no\nx\n\n";
    for (const place& p :
         {place{"x.csv", csv, 24}, place{"x.csv", csv, 26}, place{"x.ndjson", "{\"email\":1}\nbroken", 12},
          place{"x.json", "[{\"email\":1},17", 13}, place{"x.json", "[{\"email\":1},17]", 13}}) {
        auto raw = open_raw(p.content, p.name);
        ASSERT_TRUE(raw);
        const auto got = raw->at(p.offset);
        ASSERT_FALSE(got) << p.name << p.offset;
        EXPECT_EQ(got.error().code, base::errc::corrupt) << p.name << p.offset;
    }
}

TEST(RawRowReader, ReadsACompressedFileForwardsOnly) {
    const std::string line = "{\"x\":\"" + std::string(1000, 'x') + "\"}\n";
    std::string content;
    for (int i = 0; i < 2000; ++i) content += line;
    auto packed = open_raw(gzip(content), "x.ndjson.gz");
    ASSERT_TRUE(packed);
    EXPECT_TRUE(packed->at(0));
    EXPECT_TRUE(packed->at(1999 * line.size()));
    EXPECT_EQ(packed->at(0).error().code, base::errc::unsupported);
}

constexpr std::uint64_t bytes_max = 1 << 20;
using numbers = std::vector<std::uint64_t>;

TEST(LineNumbers, CountFromOneAndTellBytesOfOneLineAlike) {
    const base::temp_folder folder;
    folder.write("a.csv", "head\nsecond\n\nfourth");
    const numbers offsets{0, 4, 5, 11, 12, 13, 18};
    EXPECT_EQ(find_lines(folder / "a.csv", "a.csv", bytes_max, offsets).value(), (numbers{1, 1, 2, 2, 3, 4, 4}));
}

TEST(LineNumbers, HoldOverBlocksAndInCompressedContent) {
    const base::temp_folder folder;
    std::string content;
    numbers offsets;
    numbers lines;
    for (std::uint64_t line = 1; line <= 100'000; ++line) {
        if (line % 9'999 == 0) {
            offsets.push_back(content.size());
            lines.push_back(line);
        }
        content += "line " + std::to_string(line) + '\n';
    }
    folder.write("a.csv", content);
    folder.write("a.csv.gz", gzip(content));
    EXPECT_EQ(find_lines(folder / "a.csv", "a.csv", bytes_max, offsets).value(), lines);
    EXPECT_EQ(find_lines(folder / "a.csv.gz", "a.csv.gz", bytes_max, offsets).value(), lines);
}

TEST(LineNumbers, OffsetBehindTheEndIsAnError) {
    const base::temp_folder folder;
    folder.write("a.csv", "short\n");
    const numbers offsets{1, 100};
    EXPECT_EQ(find_lines(folder / "a.csv", "a.csv", bytes_max, offsets).error().code, base::errc::corrupt);
}

}  // namespace
}  // namespace consent_sync::intake
