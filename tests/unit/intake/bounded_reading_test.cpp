// The reader comes back to its caller although there is no row to give, and needs no memory for what it passes.
#include <gtest/gtest.h>
#include <malloc.h>

#include "unit/intake/reading.hpp"

namespace consent_sync::intake {
namespace {

constexpr std::uint64_t gigabyte = 1ULL << 30;

// A gigabyte out of nothing: a header, then one byte again and again.
class endless_source final : public byte_source {
  public:
    explicit endless_source(char filler, std::atomic<bool>* stop_at_half = nullptr)
        : filler_(filler), stop_(stop_at_half) {}
    base::result<std::size_t> read(std::span<char> into) override {
        static constexpr std::string_view header = "email,status,subscription_id\n";
        if (at_ >= gigabyte) return std::size_t{0};
        std::size_t n = into.size();
        if (at_ == 0) {
            n = header.copy(into.data(), header.size());
        } else {
            std::memset(into.data(), filler_, n);
        }
        at_ += n;
        if (stop_ != nullptr && at_ > gigabyte / 2) *stop_ = true;
        return n;
    }
    base::result<bool> seek(std::uint64_t) override { return false; }
    base::result<std::unique_ptr<byte_source>> again() const override {
        return std::unique_ptr<byte_source>(new endless_source(filler_, stop_));
    }

  private:
    char filler_;
    std::atomic<bool>* stop_;
    std::uint64_t at_ = 0;
};

std::size_t heap_in_use() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

TEST(BoundedReading, LineOfAGigabyteIsOneMalformedRowInLittleMemory) {
    const std::size_t before = heap_in_use();
    auto reader = file_reader::open(std::make_unique<endless_source>('x'), "a.csv", with_subscription());
    ASSERT_TRUE(reader);
    std::vector<row> rows;
    const read_result got = reader->next(rows, 10);
    EXPECT_EQ(got.at, read_result::state::end_of_file);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].fault->category, "malformed");
    EXPECT_LT(heap_in_use() - before, 16u << 20);
}

TEST(BoundedReading, StopIsHeardInsideALineOfAGigabyte) {
    for (const char filler : {'x', '\n', ' ', ','}) {
        std::atomic<bool> stop = false;
        read_settings settings = with_subscription();
        settings.bound.stop = &stop;
        auto reader = file_reader::open(std::make_unique<endless_source>(filler, &stop), "a.csv", settings);
        ASSERT_TRUE(reader);
        std::vector<row> rows;
        EXPECT_EQ(reader->next(rows, 10).at, read_result::state::interrupted) << filler;
        EXPECT_TRUE(rows.empty());
        EXPECT_EQ(reader->position().rows, 0u);
    }
}

TEST(BoundedReading, PackedBlanksAreLeftAfterTheContentAllowed) {
    const std::string bomb = gzip("email,status,subscription_id\n" + std::string(64 << 20, '\n'));
    ASSERT_LT(bomb.size(), 512u << 10);
    read_settings settings;
    settings.bound.content_max = 4 << 20;
    auto reader = open_text(bomb, "bomb.csv.gz", settings);
    ASSERT_TRUE(reader);
    std::vector<row> rows;
    EXPECT_EQ(reader->next(rows, 10).at, read_result::state::interrupted);
    const reading whole = read_text(bomb, "bomb.csv.gz");
    EXPECT_TRUE(whole.whole());
    EXPECT_TRUE(whole.rows.empty());
}

TEST(BoundedReading, StopIsHeardAmongEmptyMembers) {
    std::atomic<bool> stop = true;
    std::string members;
    for (int i = 0; i < 1000; ++i) members += gzip("");
    read_settings settings;
    settings.bound.stop = &stop;
    const auto reader = open_text(members, "a.csv.gz", settings);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, base::errc::busy);
}

TEST(BoundedReading, GoesOnFromItsPositionWithTheSameRows) {
    std::string text = "email,status,subscription_id\n";
    for (int i = 0; i < 300'000; ++i) text += "p" + std::to_string(i) + "@example.com,subscribed,7\n";
    const reading whole = read_text(text, "a.csv");
    read_settings settings;
    settings.bound.content_max = 1 << 20;
    std::vector<row> rows;
    std::vector<row> all;
    read_position at;
    for (int readers = 0; readers < 100; ++readers) {
        auto reader = open_text(text, "a.csv", settings, 100'000, at);
        ASSERT_TRUE(reader);
        read_result got;
        do {
            got = reader->next(rows, 1'000);
            all.insert(all.end(), rows.begin(), rows.end());
        } while (got.at == read_result::state::more);
        at = reader->position();
        if (got.at == read_result::state::end_of_file) break;
        ASSERT_EQ(got.at, read_result::state::interrupted);
    }
    EXPECT_EQ(describe(all), describe(whole.rows));
}

TEST(BoundedReading, FailingDiskIsToldAsSuchAndANewReaderGoesOn) {
    std::string text = "email,status,subscription_id\n";
    for (int i = 0; i < 1'000; ++i) text += "p" + std::to_string(i) + "@example.com,subscribed,7\n";
    auto failing = file_reader::open(std::make_unique<memory_source>(text, 100, true, 9'950), "a.csv", {});
    ASSERT_TRUE(failing);
    std::vector<row> rows;
    const read_result got = failing->next(rows, 10'000);
    EXPECT_EQ(got.at, read_result::state::broke_off);
    EXPECT_EQ(got.reason.code, base::errc::io);
    const std::size_t before = rows.size();
    EXPECT_GT(before, 100u);
    auto again = open_text(text, "a.csv", {}, 100, failing->position());
    ASSERT_TRUE(again);
    reading rest;
    read_on(*again, rest);
    EXPECT_EQ(before + rest.rows.size(), 1'000u);
    EXPECT_EQ(rest.rows.front().number, before + 1);
}

}  // namespace
}  // namespace consent_sync::intake
