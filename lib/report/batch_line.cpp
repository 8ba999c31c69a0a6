#include "report/batch_line.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "base/time_text.hpp"
#include "ledger/ranges.hpp"
#include "report/text.hpp"

namespace consent_sync::report {
namespace {

namespace json = boost::json;
using ledger::row_range;

constexpr std::string_view not_named = "HubSpot's answer does not name these changes with the status asked for";

std::uint64_t count(const std::vector<row_range>& ranges) {
    std::uint64_t rows = 0;
    for (const row_range& range : ranges) rows += range.last - range.first + 1;
    return rows;
}

bool contains(const std::vector<row_range>& ranges, consent::place place) {
    return std::any_of(ranges.begin(), ranges.end(), [place](const row_range& range) {
        return range.arrival == place.arrival() && range.first <= place.row() && place.row() <= range.last;
    });
}

// Rows that the answer of this attempt rejected, without those that it left open and that got their verdict later.
std::vector<ledger::ended_row> find_rejected(const ledger::attempt_record& attempt,
                                             const std::vector<row_range>& unsettled, ledger::report_queries& ledger) {
    std::vector<ledger::ended_row> rejected;
    if (attempt.rejected == 0) return rejected;
    for (const row_range& range : ledger::parse_ranges(attempt.changes))
        for (auto& row : ledger.reasons_of_attempt(attempt.id, consent::place(range.arrival, range.first),
                                                   consent::place(range.arrival, range.last)))
            if (!contains(unsettled, row.change.id)) rejected.push_back(std::move(row));
    return rejected;
}

json::object describe_rejected(const ledger::ended_row& row, const json::storage_ptr& memory) {
    return json::object({{"file_id", consent::format_file_id(row.change.id.arrival())},
                         {"rows", std::to_string(row.change.id.row())},
                         {"verdict", consent::name(row.verdict)},
                         {"category", json_text_or_null(row.reason.category, memory)},
                         {"message", json_text_or_null(row.reason.message, memory)},
                         {"correlation_id", json_text_or_null(row.reason.correlation_id, memory)}},
                        memory);
}

json::object describe_unsettled(const ledger::attempt_record& attempt, const ledger::file_rows& part,
                                const json::storage_ptr& memory) {
    const std::string_view message =
        attempt.message.empty() && attempt.outcome == "judged" ? not_named : std::string_view(attempt.message);
    return json::object({{"file_id", consent::format_file_id(part.arrival)},
                         {"rows", json_text(part.rows, memory)},
                         {"verdict", "unsettled"},
                         {"outcome", json_text(attempt.outcome, memory)},
                         {"category", json_text_or_null(attempt.category, memory)},
                         {"message", json_text_or_null(message, memory)}},
                        memory);
}

}  // namespace

std::string make_batch_line(const std::string& account, const ledger::attempt_record& attempt,
                            ledger::report_queries& ledger) {
    const std::vector<row_range> unsettled = ledger::parse_ranges(attempt.unsettled);
    const std::vector<ledger::ended_row> rejected = find_rejected(attempt, unsettled, ledger);

    // Every batch has a line, so the line is built in one piece of memory.
    unsigned char first_bytes[8 * 1024];
    json::monotonic_resource pool(first_bytes);
    const json::storage_ptr memory(&pool);

    json::array files(memory);
    for (const ledger::file_rows& part : ledger::split_files(attempt.changes))
        files.push_back(json::object(
            {{"file_id", consent::format_file_id(part.arrival)}, {"rows", json_text(part.rows, memory)}}, memory));
    json::array not_confirmed(memory);
    for (const ledger::ended_row& row : rejected) not_confirmed.push_back(describe_rejected(row, memory));
    for (const ledger::file_rows& part : ledger::split_files(attempt.unsettled))
        not_confirmed.push_back(describe_unsettled(attempt, part, memory));

    const std::uint64_t open = count(unsettled);
    json::object line({{"account", json_text(account, memory)},
                       {"batch", attempt.batch},
                       {"attempt", attempt.number},
                       {"attempt_id", attempt.id},
                       {"assertion", attempt.assertion},
                       {"begun_at", base::format_time(attempt.begun_at)},
                       {"ended_at", base::format_time(attempt.ended_at)},
                       {"outcome", json_text(attempt.outcome, memory)},
                       {"http", attempt.status},
                       {"ms", attempt.duration.count()},
                       {"correlation_id", json_text_or_null(attempt.correlation_id, memory)}},
                      memory);
    if (!attempt.category.empty()) line["category"] = json_text(attempt.category, memory);
    if (!attempt.message.empty()) line["message"] = json_text(attempt.message, memory);
    line["counts"] = json::object({{"changes", attempt.change_count},
                                   {"confirmed", attempt.change_count - open - rejected.size()},
                                   {"rejected", rejected.size()},
                                   {"unsettled", open}},
                                  memory);
    line["files"] = std::move(files);
    line["not_confirmed"] = std::move(not_confirmed);
    return json_line(std::move(line));
}

}  // namespace consent_sync::report
