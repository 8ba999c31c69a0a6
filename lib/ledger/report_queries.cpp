#include "ledger/report_queries.hpp"

#include "ledger/ranges.hpp"

namespace consent_sync::ledger {
namespace {

failed_row read_failed(const statement& row) {
    failed_row f;
    f.change.id = consent::place(row.integer(0));
    f.change.subscriber = row.text(1);
    f.change.subscription = row.integer(2);
    f.change.channel = static_cast<consent::channel>(row.integer(3));
    f.change.state = static_cast<consent::status_state>(row.integer(4));
    if (const auto basis = row.optional_integer(5)) f.change.basis = static_cast<consent::legal_basis>(*basis);
    if (!row.is_null(6)) f.change.explanation = row.text(6);
    f.offset = static_cast<std::uint64_t>(row.integer(7));
    f.verdict = static_cast<consent::verdict>(row.integer(8));
    f.why = {row.text(9), row.text(10), row.text(11), {}};
    return f;
}

constexpr const char* failed_columns =
    "c.id, c.subscriber, c.subscription, c.channel, c.state, c.basis, c.explanation, c.offset, c.verdict, r.category, "
    "r.message, r.correlation_id";

}  // namespace

report_queries::report_queries(database& db)
    : rejected_(db.prepare("SELECT id, category, message FROM reasons WHERE id BETWEEN ? AND ? AND attempt=?")),
      reasons_(db.prepare("SELECT category, count(*) FROM reasons WHERE id BETWEEN ? AND ? GROUP BY category")),
      successes_(db.prepare("SELECT reason, count(*) FROM changes WHERE id BETWEEN ? AND ? AND verdict=1 "
                            "GROUP BY reason")),
      superseded_(db.prepare("SELECT r.id, r.superseded_by, n.verdict FROM reasons r LEFT JOIN changes n "
                             "ON n.id=r.superseded_by WHERE r.id BETWEEN ? AND ? AND r.superseded_by IS NOT NULL "
                             "ORDER BY r.id LIMIT ?")),
      waits_(db.prepare("SELECT 1 FROM reasons r JOIN changes n ON n.id=r.superseded_by "
                        "WHERE r.id BETWEEN ? AND ? AND r.superseded_by IS NOT NULL AND n.verdict=0 LIMIT 1")),
      attempts_(db.prepare("SELECT count(DISTINCT attempt) FROM changes WHERE id BETWEEN ? AND ?")),
      failed_(db.prepare(std::string("SELECT ") + failed_columns +
                         " FROM reasons r JOIN changes c ON c.id=r.id WHERE r.id>? AND r.id<=? AND "
                         "c.verdict IN (2,3,5) AND r.category<>'malformed' ORDER BY r.id LIMIT ?")),
      malformed_(db.prepare(std::string("SELECT ") + failed_columns +
                            " FROM reasons r JOIN changes c ON c.id=r.id WHERE r.id BETWEEN ? AND ? AND "
                            "r.category='malformed' ORDER BY r.id LIMIT ?")) {}

attempt_report report_queries::describe(const attempt_record& attempt) {
    attempt_report report{attempt, {}};
    if (attempt.rejected == 0) return report;
    for (const row_range& range : parse_ranges(attempt.changes)) {
        rejected_.run_with(consent::place(range.arrival, range.first).id(),
                           consent::place(range.arrival, range.last).id(), attempt.id);
        while (rejected_.step()) {
            failed_row f;
            f.change.id = consent::place(rejected_.integer(0));
            f.why = {rejected_.text(1), rejected_.text(2), "", {}};
            report.rejected.push_back(std::move(f));
        }
        rejected_.restart();
    }
    return report;
}

file_report report_queries::describe(const file_record& file, std::size_t listed_max) {
    file_report report;
    report.file = file;
    const std::int64_t first = consent::place(file.arrival, 0).id();
    const std::int64_t last = consent::place(file.arrival, consent::place::row_max).id();
    const auto count_of = [&file](consent::verdict v) { return file.counts[static_cast<std::size_t>(v)]; };
    if (count_of(consent::verdict::confirmed) != file.rows) {
        reasons_.run_with(first, last);
        while (reasons_.step())
            report.reasons.emplace_back(reasons_.text(0), static_cast<std::uint64_t>(reasons_.integer(1)));
        reasons_.restart();
        malformed_.run_with(first, last, listed_max);
        while (malformed_.step()) report.malformed.push_back(read_failed(malformed_));
        malformed_.restart();
    }
    successes_.run_with(first, last);
    while (successes_.step())
        report.successes.emplace_back(consent::name(static_cast<consent::success_reason>(successes_.integer(0))),
                                      static_cast<std::uint64_t>(successes_.integer(1)));
    successes_.restart();
    if (count_of(consent::verdict::superseded) > 0) {
        superseded_.run_with(first, last, listed_max);
        while (superseded_.step())
            report.superseded.push_back({consent::place(superseded_.integer(0)), consent::place(superseded_.integer(1)),
                                         static_cast<int>(superseded_.integer(2))});
        superseded_.restart();
        waits_.run_with(first, last);
        report.waits = waits_.step();
        waits_.restart();
    }
    attempts_.run_with(first, last);
    attempts_.step();
    report.attempts = static_cast<std::uint64_t>(attempts_.integer(0));
    attempts_.restart();
    return report;
}

std::vector<failed_row> report_queries::failed_rows(consent::place after, consent::place to, std::size_t most) {
    std::vector<failed_row> rows;
    failed_.run_with(after.id(), to.id(), most);
    while (failed_.step()) rows.push_back(read_failed(failed_));
    failed_.restart();
    return rows;
}

}  // namespace consent_sync::ledger
