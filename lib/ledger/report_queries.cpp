#include "ledger/report_queries.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>

#include "ledger/block.hpp"
#include "ledger/schema.hpp"

namespace consent_sync::ledger {
namespace {

// The columns 1 to 4 of a query on reasons.
reason read_reason(const statement& row) {
    return {row.text(1), row.text(2), row.text(3), consent::place(row.integer(4))};
}

bool has_failed(const row_end& end) {
    using consent::verdict;
    return end.verdict == verdict::rejected || end.verdict == verdict::invalid || end.verdict == verdict::unconfirmed;
}

std::int64_t first_id(consent::arrival_number arrival) { return consent::place(arrival, 0).id(); }
std::int64_t last_id(consent::arrival_number arrival) { return consent::place(arrival, consent::place::row_max).id(); }

}  // namespace

report_queries::report_queries(database& db)
    : files_(db),
      attempts_(db),
      duties_(db),
      blocks_(db),
      // Neither held nor still to be checked.
      settled_(db.prepare(
          "SELECT arrival, superseded FROM files INDEXED BY files_settled WHERE state<5 AND state=4 AND gate NOT IN "
          "(1,2) AND rows=confirmed+rejected+invalid+superseded+unconfirmed ORDER BY arrival")),
      superseding_(db.prepare("SELECT superseded_by FROM reasons WHERE id BETWEEN ? AND ? AND superseded_by IS NOT "
                              "NULL")),
      categories_(db.prepare("SELECT id, category FROM reasons WHERE id BETWEEN ? AND ?")),
      reason_(db.prepare("SELECT id, category, message, correlation_id, superseded_by FROM reasons WHERE id=?")),
      category_(db.prepare("SELECT id, category, message, correlation_id, superseded_by FROM reasons WHERE id BETWEEN "
                           "? AND ? AND category=? ORDER BY id LIMIT ?")),
      category_count_(db.prepare("SELECT count(*) FROM reasons WHERE id BETWEEN ? AND ? AND category=?")),
      superseded_(db.prepare("SELECT id, superseded_by FROM reasons WHERE id BETWEEN ? AND ? AND superseded_by IS NOT "
                             "NULL ORDER BY id LIMIT ?")),
      of_attempt_(db.prepare("SELECT id, category, message, correlation_id, superseded_by FROM reasons WHERE id "
                             "BETWEEN ? AND ? AND attempt=? ORDER BY id")) {}

std::vector<consent::arrival_number> report_queries::files_to_finish(std::size_t most) {
    std::vector<consent::arrival_number> arrivals;
    settled_.run_with();
    while (arrivals.size() < most && settled_.step()) {
        const auto arrival = static_cast<consent::arrival_number>(settled_.integer(0));
        if (settled_.integer(1) == 0 || ready_to_finish(arrival)) arrivals.push_back(arrival);
    }
    settled_.restart();
    return arrivals;
}

bool report_queries::any_unready_file() {
    bool any = false;
    settled_.run_with();
    while (!any && settled_.step())
        any = settled_.integer(1) > 0 && !ready_to_finish(static_cast<consent::arrival_number>(settled_.integer(0)));
    settled_.restart();
    return any;
}

bool report_queries::ready_to_finish(consent::arrival_number arrival) {
    bool waits = false;
    row_finder newer(blocks_);
    superseding_.run_with(first_id(arrival), last_id(arrival));
    while (!waits && superseding_.step()) waits = newer.find(consent::place(superseding_.integer(0))) && !newer.end();
    superseding_.restart();
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
    std::map<std::pair<consent::verdict, std::string>, std::uint64_t> rows;
    row_finder row(blocks_);
    categories_.run_with(first_id(arrival), last_id(arrival));
    while (categories_.step())
        if (row.find(consent::place(categories_.integer(0))) && row.end())
            ++rows[{row.end()->verdict, categories_.text(1)}];
    categories_.restart();
    std::vector<reason_count> counts;
    for (const auto& [reason, count] : rows) counts.push_back({reason.first, reason.second, count});
    std::stable_sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.rows > b.rows; });
    if (counts.size() > most) counts.resize(most);
    return counts;
}

reason report_queries::find_reason(consent::place change) {
    reason_.run_with(change.id());
    reason found;
    if (reason_.step()) found = read_reason(reason_);
    reason_.restart();
    return found;
}

std::vector<ended_row> report_queries::failed_rows(consent::arrival_number arrival, std::uint64_t row,
                                                   const std::string& but_category, std::size_t most) {
    std::vector<ended_row> failed;
    const consent::place first(consent::place(arrival, row).id() + 1);
    const consent::place last(arrival, consent::place::row_max);
    blocks_.each_block(first, last, [&](block_id block, const verdict_block& verdicts) {
        std::optional<row_block_reader> rows;
        row_view view;
        for (unsigned index = 0; index < verdicts.size() && failed.size() < most; ++index) {
            const consent::place id = place_in_block(block, index);
            const row_end* const end = verdicts.end(index);
            if (id < first || !end || !has_failed(*end)) continue;
            reason why = find_reason(id);
            if (why.category == but_category) continue;
            if (!rows) rows.emplace(blocks_.rows(block));
            if (!rows->find(index, view)) fail_damaged(block);
            failed.push_back({view.change(id), view.offset, end->verdict, std::move(why)});
        }
        return failed.size() < most;
    });
    return failed;
}

// The rows that a query on reasons names, whose columns are those of read_reason().
std::vector<ended_row> report_queries::read_rows(statement& reasons) {
    std::vector<ended_row> rows;
    row_finder at(blocks_);
    while (reasons.step()) {
        const consent::place id(reasons.integer(0));
        if (!at.find(id)) continue;
        const row_end* const end = at.end();
        rows.push_back(
            {at.row().change(id), at.row().offset, end ? end->verdict : consent::verdict{}, read_reason(reasons)});
    }
    reasons.restart();
    return rows;
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
    row_finder newer(blocks_);
    superseded_.run_with(first_id(arrival), last_id(arrival), most);
    while (superseded_.step()) {
        const consent::place by(superseded_.integer(1));
        const bool has_verdict = newer.find(by) && newer.end();
        rows.push_back({consent::place(superseded_.integer(0)).row(), by,
                        has_verdict ? static_cast<std::uint8_t>(newer.end()->verdict) : std::uint8_t{0}});
    }
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
    return open_reader<report_reader>(path);
}

report_reader::report_reader(std::unique_ptr<database> db) : db_(std::move(db)), queries_(*db_) {}

base::result<void> report_reader::run(const std::function<void(report_queries&)>& work) {
    return read_at_once(*db_, [&] { work(queries_); });
}

}  // namespace consent_sync::ledger
