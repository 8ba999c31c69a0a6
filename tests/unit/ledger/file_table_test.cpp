#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

class FileTable : public LedgerTest {};

TEST_F(FileTable, NumbersFilesInOrderOfArrivalAndNeverAgain) {
    std::vector<file_record> files(3);
    files[0].name = "a@b.csv";
    files[1].stored_name = ".csv.gz";
    files[2].stored_name = "kept.csv";
    run([&](store& s) { s.files().add(files); });
    EXPECT_EQ(files[0].arrival, 1u);
    EXPECT_EQ(files[2].arrival, 3u);
    EXPECT_EQ(files[1].stored_name, "00000002.csv.gz");
    EXPECT_EQ(files[2].stored_name, "kept.csv");
    run([&](store& s) { EXPECT_EQ(s.files().find(1)->name, "a@b.csv"); });
}

TEST_F(FileTable, LivesFromItsClaimToDone) {
    std::vector<file_record> files(1);
    run([&](store& s) {
        s.files().add(files);
        EXPECT_EQ(s.files().find(1)->state, file_state::claiming);
        files[0].size = 77;
        files[0].inode = 5;
        s.files().claimed(files[0]);
        EXPECT_EQ(s.files().find(1)->state, file_state::claimed);
        EXPECT_EQ(s.files().find(1)->size, 77u);
        s.files().begin_reading(1, "hash", std::nullopt);
        EXPECT_EQ(s.files().find(1)->state, file_state::reading);
        s.files().end_reading({1, now, "broke off", "colour", 0, 0});
        const auto read = s.files().find(1);
        EXPECT_EQ(read->state, file_state::read);
        EXPECT_EQ(read->fault, "broke off");
        EXPECT_EQ(read->ignored_columns, "colour");
        EXPECT_EQ(s.files().settled_files(10).size(), 1u) << "without rows it is through";
        s.files().done(1, now);
        EXPECT_EQ(s.files().find(1)->state, file_state::done);
        EXPECT_TRUE(s.files().open_files().empty());
    });
}

TEST_F(FileTable, AClaimWhoseRenameNeverHappenedIsForgotten) {
    std::vector<file_record> files(2);
    run([&](store& s) {
        s.files().add(files);
        s.files().claimed(files[0]);
        s.files().forget(1);
        s.files().forget(2);
        EXPECT_TRUE(s.files().find(1)) << "it was renamed";
        EXPECT_FALSE(s.files().find(2));
    });
}

TEST_F(FileTable, FindsTheSameContentWithinItsWindow) {
    add_file(0);
    const auto again = add_file(0);
    run([&](store& s) {
        EXPECT_EQ(s.files().find_same_content("sha of 1", again, now - std::chrono::hours(1)), 1u);
        EXPECT_FALSE(s.files().find_same_content("sha of 1", again, now + std::chrono::hours(1)));
        EXPECT_FALSE(s.files().find_same_content("sha of 2", again, now - std::chrono::hours(1))) << "not itself";
        EXPECT_FALSE(s.files().find_same_content("other", again, now - std::chrono::hours(1)));
    });
}

// Nothing of it was sent, so its owner may mend the configuration and drop it again.
TEST_F(FileTable, AFileThatWasRefusedWholeIsNotTheSameContentBefore) {
    add_file(0);
    const auto again = add_file(0);
    run([&](store& s) {
        s.files().refused(1, now, "no header");
        EXPECT_FALSE(s.files().find_same_content("sha of 1", again, now - std::chrono::hours(1)));
    });
}

TEST_F(FileTable, TheBulkLaneMayGoToTheEndOfTheNewestFileWhenAllAreRead) {
    const auto a = add_file(2);
    const auto b = add_file(5, false, 10);
    run([&](store& s) { EXPECT_EQ(s.files().bulk_bound(), consent::place(b, 5)); });
    end(b);
    run([&](store& s) {
        EXPECT_EQ(s.files().bulk_bound(), consent::place(b, consent::place::row_max));
        s.files().set_gate(a, file_gate::check);
        EXPECT_EQ(s.files().bulk_bound(), consent::place(a, 0));
    });
}

}  // namespace
}  // namespace consent_sync::ledger
