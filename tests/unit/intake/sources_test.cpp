#include "intake/sources.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "intake/limits.hpp"
#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

class scratch_folder {
  public:
    scratch_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "intake test XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    std::string write(const std::string& name, const std::string& content) const {
        const std::string path = path_ / name;
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }

  private:
    std::filesystem::path path_;
};

std::string hash_of(const std::string& content) {
    const scratch_folder folder;
    const auto file = open_for_reading(folder.write("x", content));
    return hash_file(file->get()).value();
}

// FIPS 180-2, appendix B: the three examples of SHA-256.
TEST(HashFile, IsTheSha256OfTheContent) {
    EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash_of(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(HashFile, LeavesTheFileWhereItWas) {
    const scratch_folder folder;
    const auto file = open_for_reading(folder.write("x", "abcdef"));
    ASSERT_EQ(::lseek(file->get(), 3, SEEK_SET), 3);
    const auto first = hash_file(file->get());
    EXPECT_EQ(*first, *hash_file(file->get()));
    EXPECT_EQ(::lseek(file->get(), 0, SEEK_CUR), 3);
}

TEST(HashFile, OfTheFirstBytesIsThatOfAFileThatEndsThere) {
    const scratch_folder folder;
    const std::string content(3 * block_bytes, 'a');
    const auto file = open_for_reading(folder.write("x", content + "abcdef"));
    for (const std::size_t most : {std::size_t{0}, std::size_t{3}, block_bytes - 1, block_bytes, 2 * block_bytes + 1})
        EXPECT_EQ(hash_file(file->get(), nullptr, most).value(), hash_of(content.substr(0, most))) << most;
}

TEST(HashFile, TellsWhatTheSystemSaid) {
    const auto got = hash_file(-1);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, base::errc::io);
}

TEST(FileSource, ReadsRealFilesAndNoSymbolicLinks) {
    const scratch_folder folder;
    const std::string path = folder.write("x.csv", "email,status,subscription\na@b.com,yes,1\nb@b.com,x,1\n");
    auto reader = file_reader::open(path, "x.csv", {});
    ASSERT_TRUE(reader);
    reading got;
    read_on(*reader, got);
    EXPECT_TRUE(got.whole());
    EXPECT_EQ(got.rows.size(), 2U);

    std::filesystem::create_symlink(path, path + ".link");
    EXPECT_EQ(file_reader::open(path + ".link", "x.csv", {}).error().code, base::errc::io);
    EXPECT_EQ(file_reader::open(path + ".none", "x.csv", {}).error().code, base::errc::not_found);
    EXPECT_EQ(file_reader::open(path, "x.csv", {}, {5, 5000}).error().code, base::errc::invalid_input);
}

// The line of a broken row is known after a resume too, although nobody has read the lines before.
TEST(FileSource, CountsTheLinesBeforeAResume) {
    const scratch_folder folder;
    const std::string path = folder.write("x.csv", "email,status,subscription\na@b.com,yes,1\n\nb\nc\n");
    const auto reader = file_reader::open(path, "x.csv", {}, {1, 40});
    ASSERT_TRUE(reader);
    std::vector<row> rows;
    auto moved = file_reader::open(path, "x.csv", {}, {1, 40});
    moved->next(rows, 10);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].number, 2U);
    EXPECT_EQ(rows[0].fault->message.substr(0, 23), "line 4, bytes 41 to 42:");
    EXPECT_EQ(rows[1].fault->message.substr(0, 23), "line 5, bytes 43 to 44:");
}

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
