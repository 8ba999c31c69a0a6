#include "intake/file_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "intake/format.hpp"
#include "intake/limits.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using testing::HasSubstr;

struct sample {
    std::string name;
    std::string content;
};

// All that can happen in a file, in each format.
std::vector<sample> make_samples() {
    const std::string csv =
        "\xEF\xBB\xBF"
        "email;status;subscription;explanation\r\n"
        "a@b.com;yes;1;\"one\r\ntwo\"\r\n\r\nb@b.com;no;;\r\nbro\"ken;;;\r\n;;;\r\n"
        "c@b.com;no;\r\nü@b.com;no;;x\r\nd@b.com;perhaps;1;\r\ne@b.com;no;3;\"open\r\nf@b.com;yes;4;last";
    const std::string a = R"({"email":"a@b.com","status":"yes","subscription":1})";
    const std::string all = R"({"email":"b@b.com","status":"no"})";
    const std::string ndjson = a + "\n\n" + all + "\r\nbroken\n" + a + "\n" + all + "\n{\"email\":7}\n" + a;
    const std::string array = "[" + a + " , " + all + ",\n{broken}, 17," + all + "," + a + ",]";
    return {{"x.csv", csv},
            {"x.ndjson", ndjson},
            {"x.json", array},
            {"wrapped.json", "{\"inputs\": [1], \"no\":" + array + "}"},
            {"body.json", "{\"x\":{},\"inputs\" : " + array + ", \"y\":1}"}};
}

read_settings sample_settings() {
    read_settings settings;
    settings.rules.unsubscribe_all = {21, 22, 23};
    return settings;
}

TEST(FileReader, ResumesAfterEveryRowAsIfItHadNeverStopped) {
    for (const auto& [name, content] : make_samples())
        for (const bool packed : {false, true}) {
            const std::string file = packed ? gzip(content) : content;
            const std::string called = packed ? name + ".gz" : name;
            const reading expected = read_text(file, called, sample_settings());
            ASSERT_FALSE(expected.rows.empty()) << called << expected.refused;
            auto first = open_text(file, called, sample_settings(), 7);
            ASSERT_TRUE(first) << called;
            std::vector<row> rows;
            std::vector<row> before;
            for (read_result got; got.at == read_result::state::more;) {
                auto again = open_text(file, called, sample_settings(), 5, first->position());
                ASSERT_TRUE(again) << called << again.error().message;
                EXPECT_EQ(again->position().rows, before.size());
                reading rest;
                rest.rows = before;
                read_on(*again, rest, 2);
                EXPECT_EQ(describe(rest.rows), describe(expected.rows)) << called << " from " << before.size();
                EXPECT_EQ(rest.end.at, expected.end.at);
                EXPECT_EQ(rest.end.reason.message, expected.end.reason.message);
                got = first->next(rows, 1);
                before.insert(before.end(), rows.begin(), rows.end());
            }
            EXPECT_EQ(describe(before), describe(expected.rows)) << called;
        }
}

TEST(FileReader, NumbersRowsWithoutAGapWhateverTheChunk) {
    for (const auto& [name, content] : make_samples()) {
        const reading expected = read_text(content, name, sample_settings());
        for (std::size_t i = 0; i < expected.rows.size(); ++i) EXPECT_EQ(expected[i].number, i + 1);
        for (const std::size_t chunk : {1, 2, 3, 5, 8}) {
            auto reader = open_text(content, name, sample_settings());
            ASSERT_TRUE(reader);
            reading got;
            read_on(*reader, got, chunk);
            EXPECT_EQ(describe(got.rows), describe(expected.rows)) << name << chunk;
        }
    }
}

TEST(FileReader, GivesAllOfAnOptOutInOneChunk) {
    auto reader = open_text("{\"email\":\"b@b.com\",\"status\":\"no\"}\n", "x.ndjson", sample_settings());
    ASSERT_TRUE(reader);
    std::vector<row> rows;
    EXPECT_EQ(reader->next(rows, 1).at, read_result::state::more);
    EXPECT_EQ(rows.size(), 3U);
    EXPECT_EQ(reader->position().rows, 3U);
    EXPECT_EQ(reader->next(rows, 1).at, read_result::state::end_of_file);
    EXPECT_TRUE(rows.empty());
}

TEST(FileReader, ReadsWhatIsThereBeforeTheDiskFails) {
    const std::string content = "email,status,subscription\na@b.com,yes,1\nb@b.com,yes,1\nc@b.com,no,1\n";
    auto reader = file_reader::open(std::make_unique<memory_source>(content, 3, true, 60), "x.csv", {});
    ASSERT_TRUE(reader);
    reading got;
    read_on(*reader, got);
    EXPECT_EQ(got.rows.size(), 2U);
    EXPECT_EQ(got.end.at, read_result::state::broke_off);
    EXPECT_EQ(got.end.reason.code, base::errc::io);
    EXPECT_EQ(reader->position().offset, 54U);
    std::vector<row> rows;
    EXPECT_EQ(reader->next(rows, 1).at, read_result::state::broke_off);
}

TEST(FileReader, AResumeBehindTheEndTellsThatTheFileShrank) {
    const std::string content = "email,status,subscription\na@b.com,yes,1\n";
    const auto reader = open_text(gzip(content), "x.csv.gz", {}, 100, {9, 4000});
    ASSERT_FALSE(reader);
    EXPECT_THAT(reader.error().message, HasSubstr("shorter than it was"));
}

TEST(FileReader, RefusesWhatIsNoTextWithTheWayOut) {
    using namespace std::string_literals;
    const std::vector<std::pair<std::string, std::string>> table{
        {"\xFF\xFE"
         "e\0m\0"s,
         "UTF-16"},
        {"\xFE\xFF\0e"s, "UTF-16"},
        {"\xFF\xFE\0\0e\0\0\0"s, "UTF-32"},
        {"PK\x03\x04rest"s, "Excel workbook or a zip archive; save it as CSV UTF-8"},
        {"\xD0\xCF\x11\xE0rest"s, "save it as CSV UTF-8"},
        {"\x1F\x8B\x08rest"s, "gzip"},
        {"%PDF-1.7"s, "PDF"},
        {"email\0status"s, "NUL bytes"},
        {"e\0m\0a\0i\0l\0"s, "UTF-16"}};
    for (const auto& [content, words] : table)
        for (const std::string name : {"x.csv", "x.json", "x.ndjson"})
            EXPECT_THAT(read_text(content, name).refused, HasSubstr(words)) << name;
}

TEST(FileReader, KnowsTheFormatByTheExtensionInAnyCase) {
    const std::vector<std::pair<std::string, layout>> table{
        {"a.csv", layout::csv},         {"A.CSV", layout::csv},      {"a.b.NdJson", layout::ndjson},
        {"a.jsonl.gz", layout::ndjson}, {"a.JSON.GZ", layout::json}, {".csv", layout::csv}};
    for (const auto& [name, rows] : table) {
        const auto got = parse_format(name);
        ASSERT_TRUE(got) << name;
        EXPECT_EQ(got->rows, rows) << name;
        EXPECT_EQ(got->gzip, name.ends_with("gz") || name.ends_with("GZ")) << name;
    }
    for (const std::string name : {"", "csv", "a.txt", "a.csv.zip", "a.gz", "a.csv.gz.gz", "a.csv "})
        EXPECT_THAT(read_text("email", name).refused, HasSubstr(".csv, .ndjson, .jsonl or .json")) << name;
    EXPECT_THAT(read_text("", "a.xlsx").refused, HasSubstr("save it as CSV UTF-8"));
}

// The file is random damage of a good one. Whatever comes: no crash, gapless numbers, ascending offsets
// within the file, and the same rows in another chunking.
TEST(FileReader, ConservesRowsUnderRandomDamage) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        std::mt19937_64 random(seed);
        const auto samples = make_samples();
        auto [name, content] = samples[random() % samples.size()];
        if (random() % 4 == 0) {
            content = gzip(content);
            name += ".gz";
        }
        for (std::uint64_t n = 1 + random() % 6; n > 0 && !content.empty(); --n) {
            const std::size_t at = random() % content.size();
            static constexpr char likely[] = "\"{}[],;:\\\n\r\0\xFF\t @";
            switch (random() % 4) {
                case 0: content[at] = likely[random() % (sizeof(likely) - 1)]; break;
                case 1: content.erase(at, 1 + random() % 20); break;
                case 2: content.insert(at, 1, likely[random() % (sizeof(likely) - 1)]); break;
                default: content.insert(at, content.substr(random() % content.size(), random() % 50)); break;
            }
        }
        const reading got = read_text(content, name, sample_settings());
        std::uint64_t number = 0;
        std::uint64_t offset = 0;
        for (const row& r : got.rows) {
            ASSERT_EQ(r.number, ++number) << "seed " << seed;
            ASSERT_GE(r.offset, offset) << "seed " << seed;
            offset = r.offset;
            if (!got.refused.empty() || name.ends_with(".gz")) continue;
            ASSERT_LE(r.offset + r.length, content.size()) << "seed " << seed;
        }
        const reading again = read_text(content, name, sample_settings(), 1);
        ASSERT_EQ(describe(again.rows), describe(got.rows)) << "seed " << seed;
        ASSERT_EQ(again.refused, got.refused) << "seed " << seed;
        ASSERT_EQ(again.end.reason.message, got.end.reason.message) << "seed " << seed;
    }
}

}  // namespace
}  // namespace consent_sync::intake
