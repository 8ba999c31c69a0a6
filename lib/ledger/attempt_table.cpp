#include "ledger/attempt_table.hpp"

#include <algorithm>

#include "ledger/ranges.hpp"

namespace consent_sync::ledger {
namespace {

constexpr const char* attempt_columns =
    "id, batch, number, assertion, changes, change_count, begun_at, end_number, ended_at, outcome, status, "
    "milliseconds, correlation_id, category, message, confirmed, rejected, unsettled";

attempt_record read_attempt(const statement& row) {
    attempt_record a;
    a.id = row.integer(0);
    a.batch = row.integer(1);
    a.number = static_cast<std::uint32_t>(row.integer(2));
    a.assertion = row.integer(3) != 0;
    a.changes = row.text(4);
    a.change_count = static_cast<std::uint64_t>(row.integer(5));
    a.begun_at = base::from_unix_ms(row.integer(6));
    a.end_number = row.integer(7);
    a.ended_at = base::from_unix_ms(row.integer(8));
    a.outcome = row.text(9);
    a.status = static_cast<unsigned>(row.integer(10));
    a.duration = base::milliseconds(row.integer(11));
    a.correlation_id = row.text(12);
    a.category = row.text(13);
    a.message = row.text(14);
    a.confirmed = static_cast<std::uint64_t>(row.integer(15));
    a.rejected = static_cast<std::uint64_t>(row.integer(16));
    a.unsettled = row.text(17);
    return a;
}

std::vector<attempt_record> read_attempts(statement& query) {
    std::vector<attempt_record> all;
    while (query.step()) all.push_back(read_attempt(query));
    query.restart();
    return all;
}

}  // namespace

attempt_table::attempt_table(database& db)
    : begin_(db.prepare("INSERT INTO attempts(id, batch, number, assertion, changes, change_count, begun_at) "
                        "VALUES(?,?,?,?,?,?,?)")),
      end_(db.prepare("UPDATE attempts SET end_number=?, ended_at=?, outcome=?, status=?, milliseconds=?, "
                      "correlation_id=?, category=?, message=?, confirmed=?, rejected=?, unsettled=? "
                      "WHERE id=? AND end_number IS NULL")),
      open_(
          db.prepare(std::string("SELECT ") + attempt_columns + " FROM attempts WHERE end_number IS NULL ORDER BY id")),
      ended_(db.prepare(std::string("SELECT ") + attempt_columns +
                        " FROM attempts WHERE end_number>? ORDER BY end_number LIMIT ?")),
      find_(db.prepare(std::string("SELECT ") + attempt_columns + " FROM attempts WHERE id=?")),
      since_(db.prepare(std::string("SELECT ") + attempt_columns + " FROM attempts WHERE begun_at>=? ORDER BY id")),
      begins_(db.prepare("SELECT begun_at FROM attempts ORDER BY id DESC LIMIT ?")),
      newest_(db.prepare("SELECT max(id), (SELECT max(batch) FROM (SELECT batch FROM attempts ORDER BY id DESC LIMIT "
                         "100000)) FROM attempts")),
      newest_end_(db.prepare("SELECT max(end_number) FROM attempts WHERE end_number IS NOT NULL")) {}

void attempt_table::begin(const attempt_begin& attempt) {
    begin_
        .run_with(attempt.id, attempt.batch, attempt.number, attempt.assertion ? 1 : 0, format_ranges(attempt.changes),
                  attempt.changes.size(), base::to_unix_ms(attempt.begun_at))
        .execute();
}

void attempt_table::end(const attempt_end& attempt, std::span<const settled_change> settled) {
    newest_end_
        .run_with();  // read each time: a transaction that was rolled back must not leave a gap, or a number twice
    newest_end_.step();
    const std::int64_t number = newest_end_.integer(0) + 1;
    newest_end_.restart();
    std::uint64_t confirmed = 0;
    std::uint64_t rejected = 0;
    for (const settled_change& change : settled) {
        if (change.attempt != attempt.id) continue;
        confirmed += change.verdict == consent::verdict::confirmed;
        rejected += change.verdict == consent::verdict::rejected;
    }
    end_.run_with(number, base::to_unix_ms(attempt.ended_at), attempt.outcome, attempt.status,
                  std::int64_t{attempt.duration.count()}, attempt.correlation_id, attempt.category, attempt.message,
                  confirmed, rejected, format_ranges(attempt.unsettled), attempt.id)
        .execute();
}

void attempt_table::each_since(base::wall_time since, const std::function<bool(attempt_record&&)>& call) {
    since_.run_with(base::to_unix_ms(since));
    while (since_.step() && call(read_attempt(since_))) {
    }
    since_.restart();
}

std::vector<attempt_record> attempt_table::open() {
    open_.run_with();
    return read_attempts(open_);
}

std::vector<attempt_record> attempt_table::ended_after(std::int64_t end_number, std::size_t most) {
    ended_.run_with(end_number, most);
    return read_attempts(ended_);
}

std::optional<attempt_record> attempt_table::find(attempt_id id) {
    find_.run_with(id);
    std::optional<attempt_record> found;
    if (find_.step()) found = read_attempt(find_);
    find_.restart();
    return found;
}

std::vector<base::wall_time> attempt_table::newest_begins(std::size_t most) {
    std::vector<base::wall_time> begins;
    begins_.run_with(static_cast<std::int64_t>(most));
    while (begins_.step()) begins.push_back(base::from_unix_ms(begins_.integer(0)));
    begins_.restart();
    std::reverse(begins.begin(), begins.end());
    return begins;
}

attempt_id attempt_table::newest_id() {
    newest_.run_with();
    newest_.step();
    const auto id = newest_.integer(0);
    newest_.restart();
    return id;
}

batch_id attempt_table::newest_batch() {
    newest_.run_with();
    newest_.step();
    const auto batch = newest_.integer(1);
    newest_.restart();
    return batch;
}

}  // namespace consent_sync::ledger
