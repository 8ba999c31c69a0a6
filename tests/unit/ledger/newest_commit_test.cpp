// The record of the newest commit: what a torn write, a missing sync or a changed bit makes of it.
#include "ledger/newest_commit.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace consent_sync::ledger {
namespace {

class NewestCommit : public ::testing::Test {
  protected:
    NewestCommit() {
        std::string name = (std::filesystem::temp_directory_path() / "consent-sync-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~NewestCommit() override { std::filesystem::remove_all(folder_); }

    std::string path() const { return folder_ + "/" + newest_commit_file; }
    std::string bytes() const {
        std::ifstream in(path(), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void put(const std::string& bytes) const { std::ofstream(path(), std::ios::binary) << bytes; }
    newest_commit open() const { return newest_commit::open(folder_).value(); }

    std::string folder_;
};

TEST_F(NewestCommit, IsUnknownAtTheFirstStart) {
    const newest_commit record = open();
    EXPECT_FALSE(record.found());
    EXPECT_FALSE(record.damaged());
}

TEST_F(NewestCommit, IsTheLastThatWasWrittenWhateverWasSynced) {
    {
        newest_commit record = open();
        ASSERT_TRUE(record.write(7));
        EXPECT_EQ(open().found(), 7);
        ASSERT_TRUE(record.sync());
        ASSERT_TRUE(record.write(8));
        ASSERT_TRUE(record.write(9));
        EXPECT_FALSE(record.is_synced());
    }
    EXPECT_EQ(open().found(), 9);
    newest_commit again = open();
    ASSERT_TRUE(again.write(10));
    EXPECT_EQ(open().found(), 10);
}

// A power cut may leave anything of what was not synced. What was is still there.
TEST_F(NewestCommit, WhatWasSyncedOutlivesEveryTornWrite) {
    newest_commit record = open();
    ASSERT_TRUE(record.write(41));
    ASSERT_TRUE(record.sync());
    const std::string synced = bytes();
    ASSERT_TRUE(record.write(42));
    ASSERT_TRUE(record.write(43));
    const std::string written = bytes();
    ASSERT_GT(written.size(), synced.size());
    for (std::size_t cut = 0; cut < written.size() - 4'096; ++cut) {
        std::string torn = written.substr(0, 4'096 + cut);
        put(torn);
        ASSERT_EQ(open().found(), 41) << cut;
        torn.resize(written.size(), '\0');
        put(torn);
        ASSERT_EQ(open().found(), 41) << cut;
    }
}

TEST_F(NewestCommit, NoChangedBitMakesAnotherNumber) {
    {
        newest_commit record = open();
        ASSERT_TRUE(record.write(4'711));
    }
    const std::string whole = bytes();
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string changed = whole;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
        put(changed);
        const newest_commit record = open();
        ASSERT_FALSE(record.found()) << bit;
        ASSERT_TRUE(record.damaged()) << bit;
    }
}

TEST_F(NewestCommit, FileThatCannotBeOpenedIsAnError) {
    std::filesystem::create_directory(path());
    EXPECT_TRUE(newest_commit::open(folder_).has_error());
}

}  // namespace
}  // namespace consent_sync::ledger
