#include "ledger/schema.hpp"

#include <string>

namespace consent_sync::ledger {
namespace {

// Times are milliseconds since 1970 UTC. A change's id is its place: arrival number * 2^32 + row.
// Enumerations are the numbers of lib/consent and lib/ledger/records.hpp. Queries on the partial indexes of files
// repeat their conditions word for word: a hundred thousand files may be open.
constexpr const char* tables = R"sql(
CREATE TABLE meta (                 -- single values: see duty_table
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
    unconfirmed  INTEGER NOT NULL DEFAULT 0,
    completeness INTEGER NOT NULL DEFAULT 2,  -- how it was known to be complete
    together     INTEGER NOT NULL DEFAULT 0,  -- first of those it arrived with; 0: itself
    continues    INTEGER NOT NULL DEFAULT 0,  -- the file whose later part it is; 0: none
    open_row     INTEGER NOT NULL DEFAULT 0   -- offset of a last row without a line end
);
CREATE INDEX files_open ON files(arrival) WHERE state < 5;
CREATE INDEX files_by_content ON files(sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX files_unread ON files(arrival) WHERE state<5 AND (state<4 OR gate=1);
CREATE INDEX files_passed ON files(arrival) WHERE state<5 AND gate IN (2,3);
CREATE INDEX files_settled ON files(arrival)
    WHERE state<5 AND state=4 AND rows=confirmed+rejected+invalid+superseded+unconfirmed;
CREATE INDEX files_together ON files(together) WHERE together>0;
CREATE INDEX files_continuing ON files(continues) WHERE continues>0;

CREATE TABLE row_blocks (           -- 128 changes each, as they were read; written once
    id   INTEGER PRIMARY KEY,           -- of the changes / 128
    data BLOB NOT NULL                  -- block.hpp
);
CREATE TABLE verdict_blocks (       -- what became of them
    id              INTEGER PRIMARY KEY,
    unsent_opt_outs INTEGER NOT NULL,   -- changes among them that are opt-outs without a verdict
    data            BLOB NOT NULL
);
CREATE INDEX verdict_blocks_unsent_opt_outs ON verdict_blocks(id) WHERE unsent_opt_outs>0;

CREATE TABLE reasons (              -- why a change was not confirmed
    id             INTEGER PRIMARY KEY,  -- of the change
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
    attempt  INTEGER PRIMARY KEY,       -- that sent them
    newest   INTEGER NOT NULL,          -- place of the newest of them
    opt_outs BLOB NOT NULL              -- places and hashes of keys, and their sum (overtakes)
);
CREATE INDEX overtakes_newest ON overtakes(newest);

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

std::int64_t ask_number(const database& db, const char* sql) {
    statement query = db.prepare(sql);
    return query.step() ? query.integer(0) : 0;
}

std::string words_of_foreign(std::int64_t application, std::int64_t version) {
    if (application == application_id)
        return "it was written by a newer consent-sync (schema " + std::to_string(version) + ", this one knows " +
               std::to_string(schema_version) + "): install that version again";
    if (application == 0 && version > 0)
        return "it was written by a development version of consent-sync before the first release (schema " +
               std::to_string(version) +
               "), and this one reads none of these: install that version again and let it end its files; then "
               "stop it, move the contents of the state folder away, and start this one with a new ledger";
    return "it is not a ledger of consent-sync, or its first page is damaged: look at state_dir in the configuration; if "
           "that is right, restore a backup, as /usr/share/doc/consent-sync/recovery.md says";
}

}  // namespace

bool is_new(const database& db) {
    const std::int64_t application = ask_number(db, "PRAGMA application_id");
    const std::int64_t version = ask_number(db, "PRAGMA user_version");
    if (application == application_id && version == schema_version) return false;
    if (application == 0 && version == 0 && ask_number(db, "SELECT count(*) FROM sqlite_schema") == 0) return true;
    throw database_error(base::errc::unsupported, "ledger " + db.path() + ": " +
                                                      words_of_foreign(application, version) + ". Nothing was changed");
}

std::unique_ptr<database> open_to_read(const std::string& path) {
    auto db = std::make_unique<database>(path, database::access::read_only);
    if (is_new(*db))
        throw database_error(base::errc::unsupported,
                             "ledger " + path + ": it is empty; the daemon makes its tables when it starts");
    return db;
}

void make_schema(database& db) {
    db.execute("BEGIN IMMEDIATE");
    db.execute(tables);
    db.execute(("PRAGMA application_id = " + std::to_string(application_id) +
                "; PRAGMA user_version = " + std::to_string(schema_version))
                   .c_str());
    db.execute("COMMIT");
}

}  // namespace consent_sync::ledger
