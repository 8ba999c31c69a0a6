#include "ledger/store.hpp"

#include <algorithm>

#include "ledger/ranges.hpp"
#include "ledger/schema.hpp"

namespace consent_sync::ledger {
namespace {

// WAL: readers (status, history) never wait for the writer. FULL: a commit that returned survives a power cut.
constexpr const char* pragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY;"
    "PRAGMA wal_autocheckpoint=2000; PRAGMA journal_size_limit=67108864; PRAGMA trusted_schema=OFF;";

constexpr const char* mark_name = "commit_mark";  // of the last transaction that was given one

}  // namespace

base::result<std::unique_ptr<store>> store::open(const std::string& path, std::function<void()> working) {
    try {
        auto db = std::make_unique<database>(path, database::access::read_write);
        if (working) db->on_progress(std::move(working));
        const bool made = is_new(*db);
        // Both take effect only while the ledger is new. Pages of 8 KiB take half the system calls of 4 KiB.
        db->execute("PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL;");
        db->execute(pragmas);
        if (made) make_schema(*db);
        std::unique_ptr<store> opened(new store(std::move(db)));
        opened->newest_mark_ = opened->duties_.meta(mark_name, 0);
        return opened;
    } catch (const database_error& e) {
        return base::error{e.code, e.what()};
    }
}

store::store(std::unique_ptr<database> db)
    : db_(std::move(db)),
      begin_(db_->prepare("BEGIN IMMEDIATE")),
      commit_(db_->prepare("COMMIT")),
      files_(*db_),
      ahead_(*db_),
      changes_(*db_, files_, ahead_),
      attempts_(*db_),
      duties_(*db_),
      newer_(changes_),
      older_(changes_),
      steering_(*db_, files_, changes_, newer_),
      old_(*db_, files_, changes_),
      standing_(files_, changes_) {}

// Returns whether the mark is in the ledger once this is committed.
bool store::run_marked(const std::function<void(store&)>& work, std::int64_t mark) {
    const bool is_there = mark != 0 && duties_.meta(mark_name, 0) == mark;
    const std::int64_t before = db_->changed_rows_ever();
    if (!is_there) work(*this);
    if (mark == 0 || (!is_there && db_->changed_rows_ever() == before)) return false;
    // Written again even if it is there already: then this commit is synced, and the earlier one with it.
    duties_.put_meta(mark_name, mark);
    return true;
}

base::result<void> store::transact(const std::function<void(store&)>& work, std::int64_t mark) {
    try {
        begin_.execute();
        const bool marked = run_marked(work, mark);
        commit_.execute();
        if (marked) newest_mark_ = mark;
        return {};
    } catch (const database_error& e) {
        db_->end_statements();
        try {
            db_->execute("ROLLBACK");
        } catch (const database_error&) {  // SQLite has rolled back by itself already, or never began
        }
        return base::error{e.code, e.what()};
    }
}

store::applied store::apply(const ledger_change& change) {
    applied out;
    std::vector<settled_change> written;
    std::span<const settled_change> settled(change.settled);
    for (const settled_change* refused : changes_.settle(settled))
        out.refused.push_back(static_cast<std::size_t>(refused - change.settled.data()));
    if (!out.refused.empty()) {
        for (std::size_t i = 0; i < change.settled.size(); ++i)
            if (std::find(out.refused.begin(), out.refused.end(), i) == out.refused.end())
                written.push_back(change.settled[i]);
        settled = written;
    }
    for (const attempt_begin& begin : change.begins) {
        attempts_.begin(begin);
        ahead_.add(begin.id, begin.overtakes);
    }
    for (const attempt_end& end : change.ends) attempts_.end(end, settled);
    changes_.defer(change.deferred);
    for (const auto& [hash, place] : change.quiet) duties_.remove(hash, place);
    for (const late_write& duty : change.late_writes) duties_.put(duty);
    for (const stored_pause& pause : change.pauses) duties_.put(pause);
    for (const std::string& reason : change.ended_pauses) duties_.remove_pause(reason);
    for (const auto& [name, value] : change.meta) duties_.put_meta(name, value);
    if (change.low_water) {
        duties_.put_meta("low_water", change.low_water->id());
        ahead_.remove_up_to(*change.low_water);
    }
    std::vector<consent::arrival_number>& touched = out.files;
    for (const settled_change& ended : settled)
        if (touched.empty() || touched.back() != ended.id.arrival()) touched.push_back(ended.id.arrival());
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    std::erase_if(touched, [this](consent::arrival_number arrival) { return !files_.is_settled(arrival); });
    return out;
}

recovery store::recover(base::wall_time now, base::milliseconds window) {
    recovery out;
    out.next_attempt = std::max(attempts_.newest_id(), duties_.meta(attempt_floor, 0)) + 1;
    out.next_batch = std::max(attempts_.newest_batch(), duties_.meta(batch_floor, 0)) + 1;
    interrupt_open_attempts(now, window, out);
    out.recent_begins = attempts_.newest_begins(recent_begins_most);
    out.late_writes = duties_.late_writes();
    out.pauses = duties_.pauses();
    out.meta = duties_.all_meta();
    out.time_zone = duties_.meta_text("time_zone");
    out.low_water = consent::place(duties_.meta("low_water", 0));
    out.stored = stored_ranges();
    for (const consent::arrival_number arrival : files_.gated(file_gate::released))
        if (const auto file = files_.find(arrival); file && file->rows > 0)
            out.released.emplace_back(consent::place(arrival, 1), consent::place(arrival, file->rows));
    db_->execute("DELETE FROM deferred");  // the bulk lane starts at the low-water mark and meets them again
    return out;
}

// Files that are read to their end are joined with their neighbours into one range. To others rows may still be added.
std::vector<std::pair<consent::place, consent::place>> store::stored_ranges() {
    std::vector<std::pair<consent::place, consent::place>> ranges;
    bool joined = false;
    for (const file_record& file : files_.open_files()) {
        if (file.gate == file_gate::check || file.rows == 0) {
            joined = false;
            continue;
        }
        const consent::place last(file.arrival, file.rows);
        if (joined)
            ranges.back().second = last;
        else
            ranges.emplace_back(consent::place(file.arrival, 1), last);
        joined = file.state == file_state::read;
    }
    return ranges;
}

void store::interrupt_open_attempts(base::wall_time now, base::milliseconds window, recovery& out) {
    for (const attempt_record& open : attempts_.open()) {
        const auto places = expand_ranges(parse_ranges(open.changes));
        attempt_end end;
        end.id = open.id;
        end.ended_at = now;
        end.outcome = "interrupted";
        end.message = "the daemon ended while this attempt was open; HubSpot may have it";
        end.duration =
            std::max(base::milliseconds(0), std::chrono::duration_cast<base::milliseconds>(now - open.begun_at));
        end.unsettled = places;
        attempts_.end(end, {});
        ++out.interrupted;
        for (const fetched_change& change : changes_.fetch(places)) {
            late_write duty;
            duty.hash = change.hash;
            duty.change = change.change.id;
            for (const late_write& known : duties_.late_writes_of(duty.hash))
                if (known.change == duty.change) duty = known;
            duty.opt_out = change.change.is_opt_out();
            duty.quiet_at = now + window;
            duties_.put(duty);
        }
    }
}

}  // namespace consent_sync::ledger
