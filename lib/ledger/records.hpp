// What goes into the ledger and comes out of it, as plain structs. Pure layers include this file: it knows no SQLite.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "consent/change.hpp"
#include "consent/key.hpp"
#include "consent/place.hpp"
#include "consent/verdict.hpp"

namespace consent_sync::ledger {

using attempt_id = std::int64_t;
using batch_id = std::int64_t;

// Stored as numbers: never renumber. Below `done` a file is open.
enum class file_state : std::uint8_t {
    claiming = 1,  // arrival number and name are on disk, the rename into processing/ may not have happened yet
    claimed = 2,   // in processing/, nothing read
    reading = 3,
    read = 4,     // every row is in the ledger
    done = 5,     // every row has its verdict, the reports are written
    refused = 6,  // could not be read at all
};

enum class file_gate : std::uint8_t {
    open = 0,
    check = 1,     // has rows with a change_id: no row may be chosen before the scan for newer changes
    held = 2,      // waits for an operator's release: only opt-outs may be chosen
    released = 3,  // was held: the bulk lane has passed it, its other rows are fetched on their own
    counting = 4,  // is being read, and may be held at its end: only opt-outs may be chosen
};

using verdict_counts = std::array<std::uint64_t, consent::verdict_count + 1>;  // by number; [0] unused

struct file_record {
    consent::arrival_number arrival = 0;
    std::string name;         // as dropped
    std::string stored_name;  // in processing/
    file_state state = file_state::claiming;
    file_gate gate = file_gate::open;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
    std::string sha256;  // 64 hex digits, or empty
    std::optional<consent::arrival_number> duplicate_of;
    base::wall_time claimed_at;
    std::optional<base::wall_time> read_at;
    std::optional<base::wall_time> done_at;
    std::uint64_t rows = 0;
    std::uint64_t read_offset = 0;
    std::string fault;
    std::string ignored_columns;
    verdict_counts counts{};
    unsigned completeness = 2;              // intake::completeness, by its number
    consent::arrival_number together = 0;   // the first of the files that it arrived together with; 0: itself
    consent::arrival_number continues = 0;  // the file whose later part it is; 0: none
    std::uint64_t open_row = 0;  // offset of its last row, if the file ended before the row's line did; 0: it did not
};

// Why a change was not confirmed.
struct reason {
    std::string category;
    std::string message;
    std::string correlation_id;
    consent::place superseded_by;
};

inline constexpr const char* contradiction_category = "contradiction";

// A row as it is stored: a change that waits, or one that was refused here.
struct new_row {
    consent::change change;   // with its id
    consent::place original;  // the change that its change_id names; place(): none
    std::uint64_t offset = 0;
    std::optional<reason> invalid;
    consent::place contradicted_by;  // an opt-out that arrived together with it stands: superseded
};

// A change as it is chosen.
struct fetched_change {
    consent::change change;
    consent::key_hash hash = 0;
    consent::place overtaken_by;  // a newer opt-out of its key went ahead: supersede, do not send
    bool settled = false;         // it has its verdict: only an assertion may carry it
    bool confirmed = false;       // that is its verdict
};
struct fetched {
    std::vector<fetched_change> changes;
    consent::place scanned_to;  // nothing is left to fetch up to here
    bool reached_end = false;   // of what may be fetched at present
};

struct attempt_begin {
    attempt_id id = 0;
    batch_id batch = 0;
    std::uint32_t number = 1;
    bool assertion = false;
    std::vector<consent::place> changes;
    base::wall_time begun_at;
    std::vector<std::pair<consent::place, consent::key_hash>> overtakes;  // opt-outs ahead of the bulk cursor
};

struct attempt_end {
    attempt_id id = 0;
    base::wall_time ended_at;
    std::string outcome;
    unsigned status = 0;
    base::milliseconds duration{0};
    std::string correlation_id;
    std::string category;
    std::string message;
    std::vector<consent::place> unsettled;
};

// How a change ended.
struct row_end {
    consent::verdict verdict = consent::verdict::confirmed;
    consent::success_reason success = consent::success_reason::none;
    attempt_id attempt = 0;            // that settled it; 0: none did
    std::int64_t hubspot_time_ms = 0;  // HubSpot's timestamp of a confirmed change; 0: none

    bool operator==(const row_end&) const = default;
};

struct settled_change : row_end {
    consent::place id;
    std::shared_ptr<const ledger::reason> reason;  // for every verdict but confirmed
};

// One row of a late-write duty: an attempted change of a key that is not quiet yet.
struct late_write {
    consent::key_hash hash = 0;
    consent::place change;
    base::wall_time quiet_at{};  // the epoch: no unanswered attempt of this change
    bool opt_out = false;
    bool rejected = false;
    bool confirmed = false;  // by an attempt that began before quiet_at
};

inline constexpr std::size_t recent_begins_most = 1'000;  // above any limit of requests in 10 s

struct stored_pause {
    std::string reason;
    base::wall_time since;
    base::wall_time until{};  // the epoch: unknown
    std::string words;
};

// Everything one step of the engine wants on disk, in one piece: all of it or nothing.
struct ledger_change {
    std::vector<attempt_begin> begins;
    std::vector<attempt_end> ends;
    std::vector<settled_change> settled;
    std::vector<late_write> late_writes;                                 // insert or replace
    std::vector<std::pair<consent::key_hash, consent::place>> quiet;     // delete
    std::vector<std::pair<consent::key_hash, consent::place>> deferred;  // insert
    std::optional<consent::place> low_water;                             // every row up to here is settled
    std::vector<stored_pause> pauses;                                    // insert or replace
    std::vector<std::string> ended_pauses;                               // delete
    std::vector<std::pair<std::string, std::int64_t>> meta;              // insert or replace

    bool empty() const {
        return begins.empty() && ends.empty() && settled.empty() && late_writes.empty() && quiet.empty() &&
               deferred.empty() && !low_water && pauses.empty() && ended_pauses.empty() && meta.empty();
    }
};

// What the engine needs to know of the past when it starts.
struct recovery {
    attempt_id next_attempt = 1;
    batch_id next_batch = 1;
    consent::place low_water;
    std::vector<base::wall_time>
        recent_begins;  // of the newest attempts, by id: the clock may have jumped between them
    std::vector<late_write> late_writes;
    std::vector<stored_pause> pauses;
    std::vector<std::pair<std::string, std::int64_t>> meta;
    std::string time_zone;  // the account's, as HubSpot told it once; empty: never
    std::vector<std::pair<consent::place, consent::place>> released;  // rows of open files that were held once
    std::uint64_t interrupted = 0;  // attempts that were open: a crash or a stop cut them
    std::vector<std::pair<consent::place, consent::place>> stored;  // rows of open, ungated files, as ranges, ascending
};

}  // namespace consent_sync::ledger
