#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "intake/limits.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

using testing::HasSubstr;

std::string make_rows(int count) {
    std::string rows = "email,status,subscription\n";
    for (int i = 0; i < count; ++i) rows += "person" + std::to_string(i) + "@example.com,no,1\n";
    return rows;
}

TEST(GzipSource, ReadsOneMemberAndSeveralAndPadding) {
    const std::string rows = make_rows(1000);
    const std::string two = gzip(rows.substr(0, 777)) + gzip("") + gzip(rows.substr(777));
    for (const std::string& file : {gzip(rows), two, two + std::string(512, '\0')}) {
        const reading got = read_text(file, "x.csv.gz");
        EXPECT_TRUE(got.whole()) << got.refused << got.end.reason.message;
        EXPECT_EQ(got.rows.size(), 1000U);
        EXPECT_EQ(read_text(file, "x.csv.gz", {}, 1).rows.size(), 1000U);
    }
}

TEST(GzipSource, AnEmptyFileHasNoRows) {
    EXPECT_TRUE(read_text("", "x.csv.gz").whole());
    EXPECT_TRUE(read_text(gzip(""), "x.ndjson.gz").whole());
}

TEST(GzipSource, ATruncatedFileIsReadUpToThere) {
    const std::string file = gzip(make_rows(100'000));
    const reading got = read_text(file.substr(0, file.size() / 2), "x.csv.gz");
    EXPECT_EQ(got.end.at, read_result::state::broke_off);
    EXPECT_THAT(got.end.reason.message, HasSubstr("ends in the middle"));
    EXPECT_GT(got.rows.size(), 10'000U);
    EXPECT_LT(got.rows.size(), 100'000U);
    for (const row& r : got.rows) ASSERT_FALSE(r.fault) << r.fault->message;
}

// Every byte may be the last. What is read is the beginning of the whole, and never taken for a whole file.
TEST(GzipSource, NoTruncationLooksWhole) {
    const std::string file = gzip(make_rows(40));
    const auto whole = describe(read_text(file, "x.csv.gz").rows);
    for (std::size_t size = 1; size < file.size(); ++size) {
        const reading got = read_text(file.substr(0, size), "x.csv.gz");
        EXPECT_FALSE(got.whole()) << size;
        const auto rows = describe(got.rows);
        ASSERT_LE(rows.size(), whole.size());
        EXPECT_TRUE(std::equal(rows.begin(), rows.end(), whole.begin())) << size;
    }
}

TEST(GzipSource, DamageAndForeignBytesBreakOff) {
    std::string file = gzip(make_rows(100));
    EXPECT_EQ(read_text(file + "trailing", "x.csv.gz").end.at, read_result::state::broke_off);
    file[file.size() - 6] ^= 1;  // the checksum
    EXPECT_EQ(read_text(file, "x.csv.gz").end.at, read_result::state::broke_off);
    EXPECT_THAT(read_text("email,status\n", "x.csv.gz").refused, HasSubstr("gzip"));
}

TEST(GzipSource, StopsABomb) {
    read_settings settings;
    settings.bytes_max = 1000;
    const std::size_t most = settings.bytes_max * decompressed_factor;
    std::string rows = "email,status,subscription\n";
    rows.append(most - rows.size(), '\n');
    EXPECT_TRUE(read_text(gzip(rows), "x.csv.gz", settings).whole());
    const reading over = read_text(gzip(rows + "\n"), "x.csv.gz", settings);
    EXPECT_FALSE(over.whole());
    EXPECT_THAT(over.refused + over.end.reason.message, HasSubstr("after 16000 bytes of content: it holds more"));
}

}  // namespace
}  // namespace consent_sync::intake
