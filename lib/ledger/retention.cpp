#include "ledger/retention.hpp"

#include <algorithm>

namespace consent_sync::ledger {

// States 5 and 6 are done and refused. A change that is still owed an assertion keeps its file.
retention::retention(database& db, file_table& files, change_table& changes)
    : db_(db),
      files_(files),
      changes_(changes),
      oldest_(db.prepare("SELECT arrival FROM files WHERE arrival=(SELECT min(arrival) FROM files) AND state>=5 AND "
                         "done_at<? AND NOT EXISTS (SELECT 1 FROM late_writes WHERE change BETWEEN files.arrival<<32 "
                         "AND (files.arrival<<32)+4294967295)")),
      remove_reasons_(db.prepare("DELETE FROM reasons WHERE id BETWEEN ? AND ?")),
      remove_file_(db.prepare("DELETE FROM files WHERE arrival=?")),
      oldest_claim_(db.prepare("SELECT claimed_at FROM files WHERE arrival=(SELECT min(arrival) FROM files)")),
      // Attempts that a file in the ledger may name are kept, and so are attempts that are not reported.
      remove_attempts_(
          db.prepare("DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE begun_at<?1 AND ended_at<?1 AND "
                     "id<(SELECT max(id) FROM attempts) AND end_number<(SELECT max(end_number) FROM attempts) AND "
                     "end_number<=coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name='reports.batches'), 0) "
                     "ORDER BY begun_at LIMIT ?2)")),
      free_(db.prepare("SELECT freelist_count FROM pragma_freelist_count")),
      count_(db.prepare("SELECT count(*) FILTER (WHERE state>=5 AND done_at<?1), "
                        "coalesce(sum(rows) FILTER (WHERE state>=5 AND done_at<?1), 0), count(*) FROM files")),
      newest_time_(db.prepare("SELECT max(coalesce((SELECT max(max(claimed_at, coalesce(done_at, 0))) FROM files), 0), "
                              "coalesce((SELECT begun_at FROM attempts ORDER BY id DESC LIMIT 1), 0))")) {}

old_files retention::count(base::wall_time before) {
    count_.run_with(base::to_unix_ms(before));
    old_files old;
    if (count_.step()) {
        old.files = static_cast<std::uint64_t>(count_.integer(0));
        old.rows = static_cast<std::uint64_t>(count_.integer(1));
        old.all_files = static_cast<std::uint64_t>(count_.integer(2));
    }
    count_.restart();
    return old;
}

base::wall_time retention::newest_time() {
    newest_time_.run_with();
    const base::wall_time newest =
        newest_time_.step() ? base::from_unix_ms(newest_time_.integer(0)) : base::wall_time{};
    newest_time_.restart();
    return newest;
}

removed_step retention::remove_some(base::wall_time before, std::uint64_t most) {
    removed_step step;
    while (step.rows < most) {
        oldest_.run_with(base::to_unix_ms(before));
        const bool any = oldest_.step();
        const auto arrival = any ? static_cast<consent::arrival_number>(oldest_.integer(0)) : 0;
        oldest_.restart();
        if (!any) break;
        if (!remove_rows(arrival, most - step.rows, step)) break;
    }
    if (step.rows < most) remove_attempts(before, most - step.rows, step);
    step.more = step.rows >= most;
    give_back(most, step);
    return step;
}

// Returns whether the file is gone.
bool retention::remove_rows(consent::arrival_number arrival, std::uint64_t most, removed_step& step) {
    const auto [rows, last] = changes_.remove_first(arrival, most);
    step.rows += std::max<std::uint64_t>(rows, 1);
    if (rows > 0) remove_reasons_.run_with(consent::place(arrival, 0).id(), last.id()).execute();
    if (rows >= most) return false;
    files_.number_after(arrival);
    remove_file_.run_with(arrival).execute();
    ++step.files;
    return true;
}

void retention::remove_attempts(base::wall_time before, std::uint64_t most, removed_step& step) {
    oldest_claim_.run_with();
    std::int64_t bound = base::to_unix_ms(before);
    if (oldest_claim_.step()) bound = std::min(bound, oldest_claim_.integer(0));
    oldest_claim_.restart();
    remove_attempts_.run_with(bound, most).execute();
    step.rows += static_cast<std::uint64_t>(db_.changed_rows());
}

void retention::give_back(std::uint64_t most, removed_step& step) {
    free_.run_with();
    const std::int64_t free = free_.step() ? free_.integer(0) : 0;
    free_.restart();
    if (free == 0) return;
    step.pages = std::min<std::uint64_t>(static_cast<std::uint64_t>(free), most);
    db_.execute(("PRAGMA incremental_vacuum(" + std::to_string(step.pages) + ")").c_str());
    step.more = step.more || static_cast<std::uint64_t>(free) > step.pages;
}

}  // namespace consent_sync::ledger
