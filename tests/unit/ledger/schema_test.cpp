#include "ledger/schema.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>

#include "ledger/damage.hpp"
#include "ledger/status_queries.hpp"
#include "unit/ledger/ledger_test.hpp"

namespace consent_sync::ledger {
namespace {

std::int64_t ask(const std::string& path, const char* sql) {
    const database db(path, database::access::read_only);
    statement query = db.prepare(sql);
    return query.step() ? query.integer(0) : -1;
}

TEST(Schema, MakesANewLedgerAndOpensItAgain) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    for (int i = 0; i < 2; ++i) {
        const auto opened = store::open(path);
        ASSERT_FALSE(opened.has_error()) << opened.error().message;
    }
    EXPECT_EQ(ask(path, "PRAGMA application_id"), application_id);
    EXPECT_EQ(ask(path, "PRAGMA user_version"), schema_version);
    EXPECT_EQ(ask(path, "PRAGMA page_size"), 8'192);
    EXPECT_EQ(ask(path, "PRAGMA auto_vacuum"), 2) << "incremental";
    EXPECT_FALSE(status_reader::open(path).has_error());
}

// What a crash leaves of the very first start.
TEST(Schema, MakesALedgerOfAnEmptyDatabase) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    { database(path, database::access::read_write).execute("PRAGMA page_size=8192; PRAGMA journal_mode=WAL"); }
    const auto too_early = status_reader::open(path);
    ASSERT_TRUE(too_early.has_error());
    EXPECT_EQ(too_early.error().code, base::errc::unsupported);
    EXPECT_FALSE(check_ledger(path).has_error());
    EXPECT_FALSE(store::open(path).has_error());
}

std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// `make` writes a database. Whoever opens it says these words, and changes nothing.
void expect_refused(const char* make, const std::string& words) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    { database(path, database::access::read_write).execute(make); }
    const std::string bytes = bytes_of(path);
    const auto expect_error = [&](const auto& done) {
        ASSERT_TRUE(done.has_error()) << make;
        EXPECT_EQ(done.error().code, base::errc::unsupported) << make;
        EXPECT_NE(done.error().message.find("ledger " + path + ": it "), std::string::npos) << done.error().message;
        EXPECT_NE(done.error().message.find(words), std::string::npos) << done.error().message;
    };
    expect_error(store::open(path));
    expect_error(status_reader::open(path));
    expect_error(check_ledger(path));
    expect_error(check_after_crash(path));
    expect_error(check_tables_alone(path));
    EXPECT_EQ(bytes_of(path), bytes) << make;
}

TEST(Schema, RefusesALedgerOfADevelopmentVersionAndLeavesItAlone) {
    for (int version = 1; version <= 9; ++version)
        expect_refused(
            ("CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) WITHOUT ROWID; CREATE TABLE files "
             "(arrival INTEGER PRIMARY KEY); PRAGMA user_version=" +
             std::to_string(version))
                .c_str(),
            "development version of consent-sync before the first release (schema " + std::to_string(version) + ")");
}

TEST(Schema, RefusesALedgerOfANewerVersionAndLeavesItAlone) {
    expect_refused("PRAGMA application_id=1129532487; PRAGMA user_version=2", "newer consent-sync (schema 2, this one");
}

TEST(Schema, RefusesADatabaseOfAnotherProgramAndLeavesItAlone) {
    expect_refused("CREATE TABLE files (name TEXT)", "not a ledger of consent-sync");
    expect_refused("PRAGMA application_id=7; PRAGMA user_version=1", "not a ledger of consent-sync");
}

TEST(Schema, AFileThatIsNoLedgerIsDamaged) {
    temporary_folder folder;
    const std::string path = folder.path + "/ledger.db";
    std::FILE* f = std::fopen(path.c_str(), "w");
    for (int i = 0; i < 200; ++i) std::fputs("this is no database at all\n", f);
    std::fclose(f);
    const auto opened = store::open(path);
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code, base::errc::corrupt);
}

}  // namespace
}  // namespace consent_sync::ledger
