#include "ledger/damage.hpp"

#include <utility>

#include "base/redact.hpp"
#include "ledger/block_reader.hpp"
#include "ledger/block.hpp"
#include "ledger/database.hpp"
#include "ledger/file_table.hpp"
#include "ledger/overtakes.hpp"
#include "ledger/schema.hpp"

namespace consent_sync::ledger {
namespace {

constexpr std::size_t words_max = 160;  // of what SQLite found; the log keeps 512 bytes of all

// Throws database_error(corrupt).
void run_check(const database& db, const std::string& pragma) {
    statement check = db.prepare(pragma);
    std::string found;
    check.run_with();
    while (check.step()) found += (found.empty() ? "" : "; ") + check.text(0);
    if (found != "ok") throw database_error(base::errc::corrupt, found);
}

// Checks what a quick check leaves out: whether the indexes agree with the tables. row_blocks has no index.
void check_tables(const database& db) {
    for (const char* const table :
         {"meta", "files", "attempts", "overtakes", "late_writes", "pauses", "reasons", "deferred", "verdict_blocks"})
        run_check(db, std::string("PRAGMA integrity_check(") + table + ")");
}

// Checks the counts of unsent opt-outs, which SQL relies on. Throws database_error(corrupt).
void check_unsent(database& db, block_reader& blocks, consent::place first, consent::place last) {
    statement counted = db.prepare("SELECT unsent_opt_outs FROM verdict_blocks WHERE id=?");
    blocks.each_block(first, last, [&counted](block_id id, const verdict_block& verdicts) {
        if (!counted.run_with(id).step() || verdicts.unsent_opt_outs() != counted.integer(0)) fail_damaged(id);
        return true;
    });
}

// Checks the content of the blocks; SQLite checks only its pages. Throws database_error(corrupt).
void check_blocks(database& db) {
    block_reader blocks(db);
    blocks.scan(consent::place(), consent::place(INT64_MAX), [](const scanned_row&) {});
    statement alone = db.prepare("SELECT id FROM row_blocks WHERE id NOT IN (SELECT id FROM verdict_blocks) LIMIT 1");
    if (alone.step()) fail_damaged(alone.integer(0));
    check_unsent(db, blocks, consent::place(), consent::place(INT64_MAX));
    overtakes{db};  // reads them all
}

// The same for open files only: a ledger that was saved from a damaged one may lack rows of the others, which does no
// harm. Returns the number of open files whose record disagrees with their rows: a bit has changed, or the pages are of
// two moments, which SQLite does not notice.
std::size_t check_open_files(database& db) {
    std::size_t odd = 0;
    block_reader blocks(db);
    for (const file_record& file : file_table(db).open_files()) {
        const consent::place first(file.arrival, 0);
        const consent::place last(file.arrival, consent::place::row_max);
        std::uint64_t rows = 0;
        verdict_counts counts{};
        blocks.scan(first, last, [&](const scanned_row& row) {
            ++rows;
            if (row.end) ++counts[static_cast<std::size_t>(row.end->verdict)];
        });
        check_unsent(db, blocks, first, last);
        odd += rows != file.rows || counts != file.counts;
    }
    return odd;
}

// `check` throws what it finds. A ledger that has no tables yet, because a crash came before, is sound.
template <class Check>
base::result<std::size_t> check_by(const std::string& path, std::function<void()> working, const Check& check) {
    try {
        // A kill may have left a journal that only a writer can roll back.
        database db(path, database::access::read_write);
        db.on_progress(std::move(working));
        return is_new(db) ? std::size_t{0} : check(db);
    } catch (const database_error& e) {
        if (e.code == base::errc::corrupt) return damaged(path, e.what());
        return base::error{e.code, e.what()};
    }
}

}  // namespace

base::error damaged(const std::string& path, const std::string& what) {
    return base::error{
        base::errc::corrupt,
        "the ledger " + path + " is damaged (" + std::string(base::cut_private(what, words_max)) +
            "). Nothing was changed or replaced, and all files are kept. To go on: stop the service, move "
            "ledger.db and ledger.db-wal away, then restore a backup or save what can be read, as "
            "/usr/share/doc/consent-sync/recovery.md says"};
}

base::result<void> check_ledger(const std::string& path) {
    const auto checked = check_by(path, {}, [](database& db) {
        run_check(db, "PRAGMA quick_check(3)");
        check_tables(db);
        check_blocks(db);
        return std::size_t{0};
    });
    if (!checked) return checked.error();
    return {};
}

base::result<std::size_t> check_after_crash(const std::string& path, std::function<void()> working) {
    return check_by(path, std::move(working), [](database& db) {
        run_check(db, "PRAGMA quick_check(3)");
        check_tables(db);
        return check_open_files(db);
    });
}

base::result<void> check_tables_alone(const std::string& path, std::function<void()> working) {
    const auto checked = check_by(path, std::move(working), [](database& db) {
        check_tables(db);
        return std::size_t{0};
    });
    if (!checked) return checked.error();
    return {};
}

}  // namespace consent_sync::ledger
