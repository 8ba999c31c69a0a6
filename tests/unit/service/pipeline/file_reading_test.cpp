// Files that grow, shrink, are replaced or go away while they are read.
#include "service/pipeline/file_reading.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/base/temp_folder.hpp"

namespace consent_sync::service {
namespace {

namespace fs = std::filesystem;
using outcome = read_step::outcome;

std::string rows(int first, int count) {
    std::string text;
    for (int i = first; i < first + count; ++i) text += "p" + std::to_string(i) + "@example.com,subscribed,530858989\n";
    return text;
}

class FileReading : public testing::Test {
  protected:
    FileReading() : path_(folder_.path() + "/00000001.csv") {
        write("email,status,subscription_id\n" + rows(1, 1'000));
    }
    void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
    void append(const std::string& text) { std::ofstream(path_, std::ios::binary | std::ios::app) << text; }
    // As it is claimed now.
    file_reading claim() {
        ledger::file_record file;
        file.arrival = 1;
        file.name = "a.csv";
        file_reading looking(path_, file);
        file.size = looking.stamp()->size;
        file.modified_ns = looking.stamp()->modified_ns;
        return file_reading(path_, file);
    }
    // All that is stored until the outcome is none of `more` and `changing`.
    read_step read(file_reading& reading, std::size_t most = 400) {
        for (int i = 0; i < 100; ++i) {
            read_step step = reading.next({}, most, {});
            for (auto& row : step.piece.rows) stored_.push_back(std::move(row));
            if (step.what == outcome::changing) ++changing_;
            if (step.what != outcome::more && step.what != outcome::changing) return step;
        }
        return {};
    }

    base::temp_folder folder_;
    std::string path_;
    std::vector<ledger::new_row> stored_;
    int changing_ = 0;
};

TEST_F(FileReading, ThePiecesAreTheSameInUsedStorage) {
    write(
        "email,status,subscription_id,explanation,change_id\n"
        "a@example.com,no,1,form,7\n"
        "nobody,no,1,form,\n"
        "b@example.com,yes,1,,\n"
        "c@example.com,yes,0,,8\n"
        "d@example.com,yes,1,letter,\n");
    file_reading fresh = claim();
    file_reading again = claim();
    std::vector<ledger::new_row> storage;
    for (const std::size_t most : {2u, 1u, 2u}) {
        const import_piece expected = fresh.next({}, most, {}).piece;
        import_piece piece = again.next({}, most, {}, std::move(storage)).piece;
        ASSERT_EQ(piece.rows.size(), expected.rows.size());
        EXPECT_EQ(piece.returning, expected.returning);
        for (std::size_t i = 0; i < piece.rows.size(); ++i) {
            EXPECT_EQ(piece.rows[i].change.id, expected.rows[i].change.id);
            EXPECT_EQ(piece.rows[i].change.subscriber, expected.rows[i].change.subscriber);
            EXPECT_EQ(piece.rows[i].change.explanation, expected.rows[i].change.explanation);
            EXPECT_EQ(piece.rows[i].original, expected.rows[i].original);
            EXPECT_EQ(piece.rows[i].offset, expected.rows[i].offset);
            EXPECT_EQ(piece.rows[i].invalid.has_value(), expected.rows[i].invalid.has_value());
        }
        storage = std::move(piece.rows);
    }
}

TEST_F(FileReading, AStillFileIsReadToItsEndAtOnce) {
    file_reading reading = claim();
    const read_step end = read(reading);
    EXPECT_EQ(end.what, outcome::ended);
    EXPECT_TRUE(end.piece.fault.empty());
    EXPECT_EQ(stored_.size(), 1'000u);
    EXPECT_EQ(changing_, 0);
    EXPECT_EQ(end.piece.size, fs::file_size(path_));
}

TEST_F(FileReading, WhatGrowsIsReadOnWhenItIsStill) {
    file_reading reading = claim();
    EXPECT_EQ(reading.next({}, 400, {}).what, outcome::more);
    append(rows(1'001, 500));
    const read_step end = read(reading);
    EXPECT_EQ(end.what, outcome::ended);
    EXPECT_EQ(stored_.size(), 1'100u);
    EXPECT_EQ(changing_, 1);
}

TEST_F(FileReading, HalfARowIsNotStoredWhileTheFileIsWritten) {
    file_reading reading = claim();
    append("late@example.com,subscribed,53");  // of 530858989
    EXPECT_EQ(reading.next({}, 5'000, {}).what, outcome::changing);
    append("0858989\n");
    EXPECT_EQ(reading.next({}, 5'000, {}).what, outcome::changing) << "it grew once more";
    const read_step end = read(reading, 5'000);
    EXPECT_EQ(end.what, outcome::ended);
    ASSERT_EQ(stored_.size(), 1'001u);
    EXPECT_EQ(stored_.back().change.subscription, 530'858'989);
}

TEST_F(FileReading, WhatShrinksEndsWithAFault) {
    append(rows(1'001, 20'000));  // more than one block: what was read already is kept
    file_reading reading = claim();
    EXPECT_EQ(reading.next({}, 400, {}).what, outcome::more);
    fs::resize_file(path_, 1'000);
    const read_step end = read(reading);
    EXPECT_EQ(end.what, outcome::ended);
    EXPECT_NE(end.piece.fault.find("shorter than it was"), std::string::npos) << end.piece.fault;
    EXPECT_GT(end.piece.position.rows, 1'000u) << "the rows that were stored keep their end";
    EXPECT_LT(end.piece.position.rows, 21'000u);
}

TEST_F(FileReading, WhatIsReplacedByAnotherKindEndsWithAFault) {
    ledger::file_record file = claim().file;
    file_reading first(path_, file);
    EXPECT_EQ(first.next({}, 400, {}).what, outcome::more);
    file.rows = first.stored().rows;
    file.read_offset = first.stored().read_offset;
    write("PK\x03\x04" + std::string(100'000, 'x'));
    file_reading again(path_, file);  // after a restart
    const read_step end = read(again);
    EXPECT_EQ(end.what, outcome::ended);
    EXPECT_NE(end.piece.fault.find("Excel workbook"), std::string::npos) << end.piece.fault;
}

TEST_F(FileReading, WhatWentAwayBeforeItWasReadIsGone) {
    file_reading reading = claim();
    fs::remove(path_);
    const read_step step = read(reading);
    EXPECT_EQ(step.what, outcome::gone);
    EXPECT_FALSE(step.why.message.empty());
}

TEST_F(FileReading, WhatWentAwayAfterSomeRowsEndsWithAFault) {
    ledger::file_record file = claim().file;
    file.rows = 400;
    file.read_offset = 10'000;
    fs::remove(path_);
    file_reading reading(path_, file);
    const read_step end = read(reading);
    EXPECT_EQ(end.what, outcome::ended);
    EXPECT_NE(end.piece.fault.find("went away"), std::string::npos);
}

TEST_F(FileReading, WhatIsDeletedWhileItIsOpenIsReadToItsEnd) {
    file_reading reading = claim();
    EXPECT_EQ(reading.next({}, 400, {}).what, outcome::more);
    fs::remove(path_);
    EXPECT_EQ(read(reading).what, outcome::ended);
    EXPECT_EQ(stored_.size(), 600u);
}

TEST_F(FileReading, WhatCannotBeReadAtAllIsRefused) {
    write("PK\x03\x04");
    file_reading reading = claim();
    EXPECT_EQ(read(reading).what, outcome::refused);
}

TEST_F(FileReading, AFolderInItsPlaceIsTroubleOrRefusedButNoEnd) {
    file_reading reading = claim();
    fs::remove(path_);
    fs::create_directory(path_);
    const read_step step = read(reading);
    EXPECT_EQ(step.what, outcome::trouble);
    EXPECT_NE(step.why.message.find(path_), std::string::npos) << step.why.message;
}

}  // namespace
}  // namespace consent_sync::service
