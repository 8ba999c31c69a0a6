// Bytes of the ledger that are not as they were written, in pages that SQLite finds nothing wrong with.
#include "ledger/damage.hpp"

#include <unistd.h>

#include <filesystem>

#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

using consent::place;

// A ledger on disk: one file of 300 rows in three blocks.
class Damage : public LedgerTest {
  protected:
    Damage() {
        std::string name = (std::filesystem::temp_directory_path() / "consent sync XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        path_ = folder_ + "/ledger.db";
        store_ = store::open(path_).value();
        file_ = add_file(0, false);
        std::vector<new_row> rows;
        for (std::uint64_t n = 1; n <= 300; ++n)
            rows.push_back(
                make_row(place(file_, n), who(n),
                         n % 2 == 0 ? consent::status_state::unsubscribed : consent::status_state::subscribed));
        append(file_, rows, rows.size());
        end(file_);
        change(
            "CREATE TABLE kept_rows AS SELECT * FROM row_blocks; CREATE TABLE kept_verdicts AS SELECT * FROM "
            "verdict_blocks");
    }
    ~Damage() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    void mend() {
        change(
            "DELETE FROM row_blocks; DELETE FROM verdict_blocks; INSERT INTO row_blocks SELECT * FROM kept_rows; "
            "INSERT INTO verdict_blocks SELECT * FROM kept_verdicts");
    }
    void change(const std::string& sql) { database(path_, database::access::read_write).execute(sql.c_str()); }

    std::string folder_, path_;
    consent::arrival_number file_ = 0;
};

// The block in the middle: rows 128 to 255.
const std::string middle = " WHERE id=(1<<25)+1";
const std::string damages[] = {
    "UPDATE row_blocks SET data=CAST(replace(data, 'p200@', 'q200@') AS BLOB)" + middle,
    "UPDATE row_blocks SET data=substr(data, 1, length(data)-1)" + middle,
    "UPDATE row_blocks SET data=(SELECT data FROM row_blocks WHERE id=1<<25)" + middle,
    "DELETE FROM row_blocks" + middle,
    "UPDATE verdict_blocks SET data=x''" + middle,
    "UPDATE verdict_blocks SET data=(SELECT data FROM verdict_blocks WHERE id=1<<25)" + middle,
};

// What fails in the middle of a scan must not go on seeing the ledger as it was then: mend() is another connection.
TEST_F(Damage, IsFoundByWhoeverReadsTheBlockAndNothingOfItIsUsed) {
    for (const std::string& damage : damages) {
        change(damage);
        const std::vector<place> one{place(file_, 200)};
        const place all(INT64_MAX);
        const auto expect_corrupt = [&](const std::function<void(store&)>& work) {
            EXPECT_EQ(failure(work), base::errc::corrupt) << damage;
        };
        expect_corrupt([&](store& s) { s.changes().fetch_bulk(place(), all, 1'000); });
        expect_corrupt([&](store& s) { s.changes().fetch_opt_outs(place(), all, 1'000); });
        expect_corrupt([&](store& s) { s.changes().fetch(one); });
        expect_corrupt([&](store& s) { s.changes().blocks().scan(place(), all, [](const scanned_row&) {}); });
        expect_corrupt([&](store& s) {
            row_finder rows(s.changes().blocks());
            if (rows.find(one[0])) rows.row();
        });
        EXPECT_EQ(bulk(place(), 1'000, place(file_, 127)).changes.size(), 64u) << "a sound block: " << damage;
        mend();
        EXPECT_EQ(bulk(place()).changes.size(), 150u);
    }
}

TEST_F(Damage, IsNamedByTheCheckWithItsRowsAndWhatToDo) {
    ASSERT_FALSE(check_ledger(path_).has_error());
    for (const std::string& damage : damages) {
        change(damage);
        const auto checked = check_ledger(path_);
        ASSERT_TRUE(checked.has_error()) << damage;
        EXPECT_EQ(checked.error().code, base::errc::corrupt);
        EXPECT_NE(checked.error().message.find("(rows 128 to 255 of file 00000001, block 33554433, are not as they "
                                               "were written). Nothing was changed"),
                  std::string::npos)
            << checked.error().message;
        EXPECT_NE(checked.error().message.find("/recovery.md"), std::string::npos);
        mend();
        ASSERT_FALSE(check_ledger(path_).has_error());
    }
}

TEST_F(Damage, RowsWithoutVerdictsAreDamageToo) {
    change("DELETE FROM verdict_blocks" + middle);
    const auto checked = check_ledger(path_);
    ASSERT_TRUE(checked.has_error());
    EXPECT_NE(checked.error().message.find("rows 128 to 255 of file 00000001"), std::string::npos);
}

TEST_F(Damage, OfOptOutsThatWentAheadIsFoundBeforeAnythingIsSent) {
    ledger_change step;
    step.begins.emplace_back().id = 5;
    step.begins[0].overtakes.emplace_back(place(file_, 200), 17);
    run([&](store& s) { s.apply(step); });
    ASSERT_FALSE(check_ledger(path_).has_error());
    for (const char* damage :
         {"UPDATE overtakes SET opt_outs=x''", "UPDATE overtakes SET opt_outs=CAST(opt_outs||'x' AS BLOB)",
          "UPDATE overtakes SET attempt=6", "UPDATE overtakes SET newest=1"}) {
        change("CREATE TABLE kept AS SELECT * FROM overtakes");
        change(damage);
        const auto checked = check_ledger(path_);
        ASSERT_TRUE(checked.has_error()) << damage;
        EXPECT_NE(checked.error().message.find("sent ahead are not as they were written"), std::string::npos);
        const auto opened = store::open(path_);
        ASSERT_TRUE(opened.has_error());
        EXPECT_EQ(opened.error().code, base::errc::corrupt);
        change("DELETE FROM overtakes; INSERT INTO overtakes SELECT * FROM kept; DROP TABLE kept");
    }
    EXPECT_FALSE(store::open(path_).has_error());
}

TEST_F(Damage, CountsOfAnOpenFileThatAreNotThoseOfItsRowsAreCounted) {
    EXPECT_EQ(check_after_crash(path_).value(), 0u);
    for (const char* damage :
         {"UPDATE files SET rows=rows+1", "UPDATE files SET confirmed=1", "UPDATE files SET arrival=arrival+1"}) {
        change("CREATE TABLE kept AS SELECT * FROM files");
        change(damage);
        EXPECT_EQ(check_after_crash(path_).value(), 1u) << damage;
        change("DELETE FROM files; INSERT INTO files SELECT * FROM kept; DROP TABLE kept");
    }
    change("UPDATE files SET rows=rows+1, state=5");  // retention may be at it
    EXPECT_EQ(check_after_crash(path_).value(), 0u);
}

TEST_F(Damage, AWrongCountOfUnsentOptOutsIsFound) {
    change("UPDATE verdict_blocks SET unsent_opt_outs=unsent_opt_outs-1" + middle);
    EXPECT_TRUE(check_after_crash(path_).has_error());
    const auto checked = check_ledger(path_);
    ASSERT_TRUE(checked.has_error());
    EXPECT_NE(checked.error().message.find("rows 128 to 255 of file 00000001"), std::string::npos);
}

// A row that an index does not name is not found where SQLite looks by the index.
TEST_F(Damage, AnIndexThatLacksRowsIsFoundByBothChecks) {
    change(
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql=replace(sql, 'unsent_opt_outs>0', "
        "'unsent_opt_outs>100') WHERE name='verdict_blocks_unsent_opt_outs'");
    change("REINDEX verdict_blocks_unsent_opt_outs");
    change(
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql=replace(sql, 'unsent_opt_outs>100', "
        "'unsent_opt_outs>0') WHERE name='verdict_blocks_unsent_opt_outs'");
    EXPECT_TRUE(check_ledger(path_).has_error());
    EXPECT_TRUE(check_after_crash(path_).has_error());
    EXPECT_TRUE(check_tables_alone(path_).has_error());
}

TEST_F(Damage, ATableThatIsGoneIsFoundByEveryCheck) {
    change("DROP TABLE reasons");
    EXPECT_TRUE(check_ledger(path_).has_error());
    EXPECT_TRUE(check_after_crash(path_).has_error());
    EXPECT_TRUE(check_tables_alone(path_).has_error());
}

}  // namespace
}  // namespace consent_sync::ledger
