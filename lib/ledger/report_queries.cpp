#include "ledger/report_queries.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include "ledger/change_row.hpp"
#include "ledger/schema.hpp"

namespace consent_sync::ledger {
namespace {

// A row with its reason: `ended_row`.
constexpr const char* row_columns =
    "c.id, c.subscriber, c.subscription, c.channel, c.state, c.basis, c.explanation, c.offset, c.verdict, "
    "r.category, r.message, r.correlation_id, r.superseded_by";

// A change that superseded a row of the file ?1..?2 and has no verdict yet.
constexpr const char* unsettled_superseding =
    "SELECT 1 FROM reasons r JOIN changes n ON n.id=r.superseded_by WHERE r.id BETWEEN %s AND n.verdict=0";

std::string waiting_for(const std::string& range) {
    std::string sql = unsettled_superseding;
    return sql.replace(sql.find("%s"), 2, range);
}

// Read files, neither held nor still to be checked, whose every row has a verdict.
constexpr const char* settled_files =
    "SELECT arrival FROM files f INDEXED BY files_settled WHERE state<5 AND state=4 AND gate NOT IN (1,2) AND "
    "rows=confirmed+rejected+invalid+superseded+unconfirmed AND ";
constexpr const char* rows_of_file = "f.arrival<<32 AND (f.arrival<<32)+4294967295";

ended_row read_row(const statement& row) {
    ended_row found;
    found.change = read_change(row);
    found.offset = static_cast<std::uint64_t>(row.integer(7));
    found.verdict = static_cast<consent::verdict>(row.integer(8));
    found.reason = reason{row.text(9), row.text(10), row.text(11), consent::place(row.integer(12))};
    return found;
}

std::vector<ended_row> read_rows(statement& query) {
    std::vector<ended_row> rows;
    while (query.step()) rows.push_back(read_row(query));
    query.restart();
    return rows;
}

std::int64_t first_id(consent::arrival_number arrival) { return consent::place(arrival, 0).id(); }
std::int64_t last_id(consent::arrival_number arrival) { return consent::place(arrival, consent::place::row_max).id(); }

}  // namespace

report_queries::report_queries(database& db)
    : files_(db),
      attempts_(db),
      duties_(db),
      blocks_(db),
      to_finish_(db.prepare(std::string(settled_files) + "(superseded=0 OR NOT EXISTS (" + waiting_for(rows_of_file) +
                            ")) ORDER BY arrival LIMIT ?")),
      unready_(db.prepare(std::string(settled_files) + "superseded>0 AND EXISTS (" + waiting_for(rows_of_file) +
                          ") LIMIT 1")),
      waits_(db.prepare(waiting_for("? AND ?") + " LIMIT 1")),
      reasons_(db.prepare("SELECT c.verdict, r.category, count(*) AS n FROM reasons r JOIN changes c ON c.id=r.id "
                          "WHERE r.id BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT ?")),
      failed_(db.prepare(std::string("SELECT ") + row_columns +
                         " FROM changes c LEFT JOIN reasons r ON r.id=c.id WHERE c.id>? AND c.id<=? AND "
                         "c.verdict IN (2,3,5) AND coalesce(r.category,'')<>? ORDER BY c.id LIMIT ?")),
      category_(db.prepare(std::string("SELECT ") + row_columns +
                           " FROM reasons r JOIN changes c ON c.id=r.id WHERE r.id BETWEEN ? AND ? AND r.category=? "
                           "ORDER BY r.id LIMIT ?")),
      category_count_(db.prepare("SELECT count(*) FROM reasons WHERE id BETWEEN ? AND ? AND category=?")),
      superseded_(db.prepare("SELECT r.id, r.superseded_by, n.verdict FROM reasons r "
                             "LEFT JOIN changes n ON n.id=r.superseded_by WHERE r.id BETWEEN ? AND ? AND "
                             "r.superseded_by IS NOT NULL ORDER BY r.id LIMIT ?")),
      of_attempt_(db.prepare(std::string("SELECT ") + row_columns +
                             " FROM reasons r JOIN changes c ON c.id=r.id WHERE r.id BETWEEN ? AND ? AND r.attempt=? "
                             "ORDER BY r.id")) {}

std::vector<consent::arrival_number> report_queries::files_to_finish(std::size_t most) {
    std::vector<consent::arrival_number> arrivals;
    to_finish_.run_with(most);
    while (to_finish_.step()) arrivals.push_back(static_cast<consent::arrival_number>(to_finish_.integer(0)));
    to_finish_.restart();
    return arrivals;
}

bool report_queries::any_unready_file() {
    const bool any = unready_.step();
    unready_.restart();
    return any;
}

bool report_queries::ready_to_finish(consent::arrival_number arrival) {
    waits_.run_with(first_id(arrival), last_id(arrival));
    const bool waits = waits_.step();
    waits_.restart();
    return !waits;
}

row_totals report_queries::count_rows(consent::arrival_number arrival) {
    row_totals totals;
    boost::unordered_flat_set<attempt_id> attempts;
    const consent::place last(arrival, consent::place::row_max);
    blocks_.each_block(consent::place(arrival, 0), last, [&](block_id, const verdict_block& block) {
        for (unsigned i = 0; i < block.size(); ++i) {
            if (!block.has(i)) continue;
            ++totals.rows;
            const row_end* const end = block.end(i);
            const auto verdict = end ? static_cast<std::size_t>(end->verdict) : 0;
            if (verdict == 0 || verdict >= totals.verdicts.size()) {
                ++totals.unsettled;
                continue;
            }
            ++totals.verdicts[verdict];
            const auto success = static_cast<std::size_t>(end->success);
            if (end->verdict == consent::verdict::confirmed && success < totals.successes.size())
                ++totals.successes[success];
        }
        for (const row_end& end : block.ends())
            if (end.attempt != 0) attempts.insert(end.attempt);
        return true;
    });
    totals.attempts = attempts.size();
    return totals;
}

std::vector<reason_count> report_queries::count_reasons(consent::arrival_number arrival, std::size_t most) {
    std::vector<reason_count> counts;
    reasons_.run_with(first_id(arrival), last_id(arrival), most);
    while (reasons_.step())
        counts.push_back({static_cast<consent::verdict>(reasons_.integer(0)), reasons_.text(1),
                          static_cast<std::uint64_t>(reasons_.integer(2))});
    reasons_.restart();
    return counts;
}

std::vector<ended_row> report_queries::failed_rows(consent::arrival_number arrival, std::uint64_t row,
                                                   const std::string& but_category, std::size_t most) {
    failed_.run_with(consent::place(arrival, row).id(), last_id(arrival), but_category, most);
    return read_rows(failed_);
}

std::vector<ended_row> report_queries::rows_with_category(consent::arrival_number arrival, const std::string& category,
                                                          std::size_t most) {
    category_.run_with(first_id(arrival), last_id(arrival), category, most);
    return read_rows(category_);
}

std::uint64_t report_queries::count_category(consent::arrival_number arrival, const std::string& category) {
    category_count_.run_with(first_id(arrival), last_id(arrival), category);
    category_count_.step();
    const auto rows = static_cast<std::uint64_t>(category_count_.integer(0));
    category_count_.restart();
    return rows;
}

std::vector<superseding> report_queries::superseded_rows(consent::arrival_number arrival, std::size_t most) {
    std::vector<superseding> rows;
    superseded_.run_with(first_id(arrival), last_id(arrival), most);
    while (superseded_.step())
        rows.push_back({consent::place(superseded_.integer(0)).row(), consent::place(superseded_.integer(1)),
                        static_cast<std::uint8_t>(superseded_.integer(2))});
    superseded_.restart();
    return rows;
}

std::vector<ended_row> report_queries::reasons_of_attempt(attempt_id attempt, consent::place first,
                                                          consent::place last) {
    of_attempt_.run_with(first.id(), last.id(), attempt);
    return read_rows(of_attempt_);
}

void report_queries::each_attempt_of_file(const file_record& file,
                                          const std::function<bool(const attempt_record&)>& call) {
    const std::string first = std::to_string(file.arrival) + ":";
    const std::string later = ";" + first;
    attempts_.each_since(file.claimed_at, [&](const attempt_record& attempt) {
        const bool carried = attempt.changes.starts_with(first) || attempt.changes.find(later) != std::string::npos;
        return !carried || call(attempt);
    });
}

base::result<std::unique_ptr<report_reader>> report_reader::open(const std::string& path) {
    try {
        return std::unique_ptr<report_reader>(new report_reader(open_to_read(path)));
    } catch (const database_error& e) {
        return base::error{e.code, e.what()};
    }
}

report_reader::report_reader(std::unique_ptr<database> db) : db_(std::move(db)), queries_(*db_) {}

base::result<void> report_reader::run(const std::function<void(report_queries&)>& work) {
    try {
        db_->execute("BEGIN");
        work(queries_);
        db_->execute("COMMIT");
        return {};
    } catch (const database_error& e) {
        try {
            db_->execute("ROLLBACK");
        } catch (const database_error&) {  // it never began
        }
        return base::error{e.code, e.what()};
    }
}

}  // namespace consent_sync::ledger
