#include "ledger/damage.hpp"

#include "ledger/block_reader.hpp"
#include "ledger/block_sum.hpp"
#include "ledger/database.hpp"
#include "ledger/overtakes.hpp"

namespace consent_sync::ledger {
namespace {

constexpr std::size_t words_max = 160;  // of what SQLite found; the log keeps 512 bytes of all

bool answers(const database& db, const char* sql) {
    statement query = db.prepare(sql);
    return query.step();
}

// SQLite looks at its pages, not at what is in them. Throws database_error(corrupt).
void check_blocks(database& db) {
    if (!answers(db, "SELECT 1 FROM sqlite_schema WHERE name='row_blocks'")) return;  // older: brought up to date later
    block_reader(db).scan(consent::place(), consent::place(INT64_MAX), [](const scanned_row&) {});
    statement alone = db.prepare("SELECT id FROM row_blocks WHERE id NOT IN (SELECT id FROM verdict_blocks) LIMIT 1");
    if (alone.step()) fail_damaged(alone.integer(0));
    if (answers(db, "SELECT 1 FROM sqlite_schema WHERE name='overtakes_newest'")) overtakes{db};  // reads them all
}

}  // namespace

base::error damaged(const std::string& path, const std::string& what) {
    return base::error{
        base::errc::corrupt,
        "the ledger " + path + " is damaged (" + what.substr(0, words_max) +
            "). Nothing was changed or replaced, and all files are kept. To go on: stop the service, move "
            "ledger.db and ledger.db-wal away, then restore a backup or save what can be read, as "
            "/usr/share/doc/consent-sync/recovery.md says"};
}

base::result<void> check_ledger(const std::string& path) {
    try {
        database db(path, database::access::read_only);
        statement check = db.prepare("PRAGMA quick_check(3)");
        std::string found;
        check.run_with();
        while (check.step()) found += (found.empty() ? "" : "; ") + check.text(0);
        if (found != "ok") return damaged(path, found);
        check_blocks(db);
        return {};
    } catch (const database_error& e) {
        if (e.code == base::errc::corrupt) return damaged(path, e.what());
        return base::error{e.code, e.what()};
    }
}

}  // namespace consent_sync::ledger
