#include "ledger/schema.hpp"

#include <array>
#include <string>

#include "ledger/block_reader.hpp"
#include "ledger/block_sum.hpp"
#include "ledger/change_row.hpp"
#include "ledger/overtakes.hpp"
#include "ledger/row_block.hpp"
#include "ledger/verdict_block.hpp"

namespace consent_sync::ledger {
namespace {

// Times are milliseconds since 1970 UTC. A change's id is its place: arrival number * 2^32 + row.
// Enumerations are the numbers of lib/consent and lib/ledger/records.hpp.
constexpr const char* version_1 = R"sql(
CREATE TABLE meta (                 -- single values: see meta_table
    name  TEXT PRIMARY KEY,
    value ANY
) WITHOUT ROWID;

CREATE TABLE files (
    arrival      INTEGER PRIMARY KEY,   -- order of arrival over all files
    name         BLOB NOT NULL,         -- as it was dropped; data, never trusted
    stored_name  TEXT NOT NULL,         -- its name in processing/
    state        INTEGER NOT NULL,      -- file_state
    gate         INTEGER NOT NULL DEFAULT 0,  -- file_gate: what keeps its rows from being chosen
    size         INTEGER NOT NULL DEFAULT 0,
    modified_ns  INTEGER NOT NULL DEFAULT 0,
    inode        INTEGER NOT NULL DEFAULT 0,
    sha256       BLOB,                  -- as 64 hex digits
    duplicate_of INTEGER,               -- arrival of the earlier file with the same content
    claimed_at   INTEGER NOT NULL,
    read_at      INTEGER,
    done_at      INTEGER,
    rows         INTEGER NOT NULL DEFAULT 0,  -- read so far
    read_offset  INTEGER NOT NULL DEFAULT 0,  -- bytes of content read so far
    fault        TEXT,                  -- where and why reading broke off, or why the file was refused
    ignored_columns TEXT,
    confirmed    INTEGER NOT NULL DEFAULT 0,
    rejected     INTEGER NOT NULL DEFAULT 0,
    invalid      INTEGER NOT NULL DEFAULT 0,
    superseded   INTEGER NOT NULL DEFAULT 0,
    unconfirmed  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX files_open ON files(arrival) WHERE state < 5;
CREATE INDEX files_by_content ON files(sha256) WHERE sha256 IS NOT NULL;

CREATE TABLE changes (
    id           INTEGER PRIMARY KEY,
    subscriber   TEXT,
    subscription INTEGER,
    channel      INTEGER,
    state        INTEGER,
    basis        INTEGER,
    explanation  TEXT,
    original     INTEGER,               -- the change that its change_id names (a failed row dropped again)
    offset       INTEGER NOT NULL,      -- of the row in the file's content
    verdict      INTEGER NOT NULL,      -- 0 while unsettled
    reason       INTEGER NOT NULL,      -- success_reason
    attempt      INTEGER,               -- the attempt that settled it
    hubspot_at   INTEGER                -- HubSpot's timestamp of a confirmed change
);
CREATE INDEX changes_unsent_opt_outs ON changes(id) WHERE verdict = 0 AND state = 2;

CREATE TABLE reasons (              -- why a change was not confirmed
    id             INTEGER PRIMARY KEY,
    category       TEXT NOT NULL,
    message        TEXT NOT NULL,
    correlation_id TEXT,
    superseded_by  INTEGER,
    attempt        INTEGER
);

CREATE TABLE attempts (             -- on record before the request leaves
    id             INTEGER PRIMARY KEY,
    batch          INTEGER NOT NULL,
    number         INTEGER NOT NULL,    -- of the batch, from 1
    assertion      INTEGER NOT NULL,
    changes        TEXT NOT NULL,       -- ranges: "arrival:row-row,row;arrival:row"
    change_count   INTEGER NOT NULL,
    begun_at       INTEGER NOT NULL,
    end_number     INTEGER,             -- order of ends; NULL while open
    ended_at       INTEGER,
    outcome        TEXT,                -- a word: judged, refused, unavailable, interrupted …
    status         INTEGER,             -- HTTP; 0: no answer
    milliseconds   INTEGER,
    correlation_id TEXT,
    category       TEXT,
    message        TEXT,
    confirmed      INTEGER,
    rejected       INTEGER,
    unsettled      TEXT                 -- ranges that this attempt left without a verdict
);
CREATE INDEX attempts_open ON attempts(id) WHERE end_number IS NULL;
CREATE INDEX attempts_ended ON attempts(end_number) WHERE end_number IS NOT NULL;
CREATE INDEX attempts_by_time ON attempts(begun_at);

CREATE TABLE overtakes (            -- opt-outs that went ahead of the bulk cursor: older rows of the key are superseded
    id   INTEGER PRIMARY KEY,           -- of the opt-out
    hash INTEGER NOT NULL               -- of its key
);

CREATE TABLE late_writes (          -- keys for which HubSpot may still apply an unanswered attempt
    hash      INTEGER NOT NULL,
    change    INTEGER NOT NULL,         -- an attempted change of the key
    quiet_at  INTEGER NOT NULL,         -- 0: this change has no unanswered attempt
    opt_out   INTEGER NOT NULL,
    rejected  INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    PRIMARY KEY (hash, change)
) WITHOUT ROWID;

CREATE TABLE deferred (             -- changes whose key is busy, beyond what is kept in memory; rebuilt at start
    hash   INTEGER NOT NULL,
    change INTEGER NOT NULL,
    PRIMARY KEY (hash, change)
) WITHOUT ROWID;

CREATE TABLE pauses (               -- those that a restart must not forget
    reason TEXT PRIMARY KEY,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL,            -- 0: unknown
    words  TEXT NOT NULL
) WITHOUT ROWID;
)sql";

// What is asked of the open files at every fetch and every report, without a walk over all of them: a hundred thousand
// may be open. Queries name their condition word by word.
constexpr const char* version_2 = R"sql(
CREATE INDEX files_unread ON files(arrival) WHERE state<5 AND (state<4 OR gate=1);
CREATE INDEX files_passed ON files(arrival) WHERE state<5 AND gate IN (2,3);
CREATE INDEX files_settled ON files(arrival)
    WHERE state<5 AND state=4 AND rows=confirmed+rejected+invalid+superseded+unconfirmed;
)sql";

// Changes in blocks of 128 (row_block, verdict_block) instead of a row for each, which cost ten times as much.
constexpr const char* version_3 = R"sql(
CREATE TABLE row_blocks (           -- changes as they were read; written once; both end with their sum (block_sum)
    id   INTEGER PRIMARY KEY,           -- of the change / 128
    data BLOB NOT NULL
);
CREATE TABLE verdict_blocks (       -- what became of them
    id              INTEGER PRIMARY KEY,
    unsent_opt_outs INTEGER NOT NULL,   -- changes among them that are opt-outs without a verdict
    data            BLOB NOT NULL
);
CREATE INDEX verdict_blocks_unsent_opt_outs ON verdict_blocks(id) WHERE unsent_opt_outs>0;
)sql";

// Opt-outs that went ahead by attempt, a hundred in a row, instead of a row for each.
constexpr const char* version_4 = R"sql(
ALTER TABLE overtakes RENAME TO old_overtakes;
CREATE TABLE overtakes (
    attempt  INTEGER PRIMARY KEY,       -- that sent them; 0 and below: of an older ledger
    newest   INTEGER NOT NULL,          -- place of the newest of them
    opt_outs BLOB NOT NULL              -- places and hashes of keys, and their sum (overtakes, block_sum)
);
CREATE INDEX overtakes_newest ON overtakes(newest);
)sql";

// Addresses beyond ASCII, and xn-- domains, got a normal form (consent/address.hpp), and so other hashes of their keys.
constexpr const char* version_5 = "";
// How files arrived, and which go together.
constexpr const char* version_6 = R"sql(
ALTER TABLE files ADD COLUMN completeness INTEGER NOT NULL DEFAULT 2;  -- how it was known to be complete
ALTER TABLE files ADD COLUMN together INTEGER NOT NULL DEFAULT 0;      -- first of those it arrived with; 0: itself
ALTER TABLE files ADD COLUMN continues INTEGER NOT NULL DEFAULT 0;     -- the file whose later part it is; 0: none
ALTER TABLE files ADD COLUMN open_row INTEGER NOT NULL DEFAULT 0;      -- offset of a last row without a line end
CREATE INDEX files_together ON files(together) WHERE together>0;
CREATE INDEX files_continuing ON files(continues) WHERE continues>0;
)sql";

new_row read_old_row(const statement& row) {
    new_row found;
    found.change = read_change(row);
    found.original = consent::place(row.integer(7));
    found.offset = static_cast<std::uint64_t>(row.integer(8));
    return found;
}

void move_into_blocks(database& db) {
    statement old = db.prepare(
        "SELECT id, subscriber, subscription, channel, state, basis, explanation, original, offset, verdict, reason, "
        "attempt, hubspot_at FROM changes ORDER BY id");
    statement put_rows = db.prepare("INSERT INTO row_blocks(data, id) VALUES(?,?)");
    statement put_verdicts = db.prepare("INSERT INTO verdict_blocks(unsent_opt_outs, data, id) VALUES(?,?,?)");
    std::string rows;
    verdict_block verdicts;
    block_id block = 0;
    const auto put = [&] {
        if (rows.empty()) return;
        seal(rows, block_kind::rows, block);
        put_rows.run_with(blob{rows}, block).execute();
        verdicts.format(rows);
        seal(rows, block_kind::verdicts, block);
        put_verdicts.run_with(verdicts.unsent_opt_outs(), blob{rows}, block).execute();
        rows.clear();
        verdicts = {};
    };
    old.run_with();
    while (old.step()) {
        const new_row row = read_old_row(old);
        if (block_of(row.change.id) != block) put();
        block = block_of(row.change.id);
        const unsigned index = index_in_block(row.change.id);
        append_row(rows, row);
        verdicts.add(index, row.change.is_opt_out());
        if (const auto verdict = old.integer(9); verdict != 0)
            verdicts.settle(
                index, {static_cast<consent::verdict>(verdict), static_cast<consent::success_reason>(old.integer(10)),
                        old.integer(11), old.integer(12)});
    }
    old.restart();
    put();
}

void move_overtakes(database& db) {
    constexpr std::size_t of_an_attempt = 100;
    overtakes moved(db);
    std::vector<std::pair<consent::place, consent::key_hash>> opt_outs;
    attempt_id attempt = 0;
    const auto put = [&] { moved.add(attempt--, opt_outs), opt_outs.clear(); };
    statement old = db.prepare("SELECT id, hash FROM old_overtakes ORDER BY id");
    old.run_with();
    while (old.step()) {
        opt_outs.emplace_back(old.integer(0), old.integer(1));
        if (opt_outs.size() == of_an_attempt) put();
    }
    old.restart();
    put();
}

// The hash that the key of a change has now; as it was, where the change is gone.
consent::key_hash hash_now(block_reader& blocks, consent::place change, consent::key_hash before) {
    const auto found = blocks.find(change);
    return found ? consent::hash_key(found->change) : before;
}

void hash_again(database& db) {
    block_reader blocks(db);
    overtakes(db).hash_again(
        [&](consent::place place, consent::key_hash hash) { return hash_now(blocks, place, hash); });
    std::vector<std::pair<consent::key_hash, consent::place>> owed;
    statement old = db.prepare("SELECT hash, change FROM late_writes");
    old.run_with();
    while (old.step())
        owed.emplace_back(static_cast<consent::key_hash>(old.integer(0)), consent::place(old.integer(1)));
    old.restart();
    statement put = db.prepare("UPDATE late_writes SET hash=? WHERE hash=? AND change=?");
    for (const auto& [hash, change] : owed)
        if (const consent::key_hash now = hash_now(blocks, change, hash); now != hash)
            put.run_with(now, hash, change.id()).execute();
}

struct migration {
    const char* sql;
    void (*move)(database&) = nullptr;
    const char* afterwards = nullptr;
};
constexpr std::array<migration, schema_version> migrations{{{version_1},
                                                            {version_2},
                                                            {version_3, move_into_blocks, "DROP TABLE changes"},
                                                            {version_4, move_overtakes, "DROP TABLE old_overtakes"},
                                                            {version_5, hash_again},
                                                            {version_6}}};

std::int64_t version_of(database& db) {
    statement query = db.prepare("PRAGMA user_version");
    query.step();
    return query.integer(0);
}

database_error too_new(std::int64_t found) {
    return {base::errc::unsupported, "ledger: it was written by a newer consent-sync (schema " + std::to_string(found) +
                                         ", this one knows " + std::to_string(schema_version) +
                                         "): install that version again, nothing was changed"};
}

}  // namespace

std::unique_ptr<database> open_to_read(const std::string& path) {
    auto db = std::make_unique<database>(path, database::access::read_only);
    const std::int64_t found = version_of(*db);
    if (found > schema_version) throw too_new(found);
    if (found < schema_version)
        throw database_error(base::errc::unsupported,
                             "ledger " + path + ": it was written by an older consent-sync (schema " +
                                 std::to_string(found) + ", this one reads " + std::to_string(schema_version) +
                                 "); the daemon brings it up to date when it starts");
    return db;
}

void migrate(database& db) {
    const std::int64_t found = version_of(db);
    if (found > schema_version) throw too_new(found);
    for (auto version = found; version < schema_version; ++version) {
        db.execute("BEGIN IMMEDIATE");
        const migration& step = migrations[static_cast<std::size_t>(version)];
        db.execute(step.sql);
        if (step.move) step.move(db);
        if (step.afterwards) db.execute(step.afterwards);
        db.execute(("PRAGMA user_version = " + std::to_string(version + 1)).c_str());
        db.execute("COMMIT");
    }
    if (found == 0) db.execute("PRAGMA incremental_vacuum");  // of tables that came and went: a few pages
}

}  // namespace consent_sync::ledger
