#include "report/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>

#include "base/time_text.hpp"
#include "report/text.hpp"

namespace consent_sync::report {
namespace {

namespace json = boost::json;
using consent::verdict;

std::uint64_t of(const ledger::verdict_counts& counts, verdict v) { return counts[static_cast<std::size_t>(v)]; }

std::uint64_t sum(const ledger::verdict_counts& counts) {
    std::uint64_t all = 0;
    for (const std::uint64_t count : counts) all += count;
    return all;
}

json::object by_verdict(const ledger::verdict_counts& counts) {
    json::object out;
    for (int v = 1; v <= consent::verdict_count; ++v)
        out[consent::name(static_cast<verdict>(v))] = counts[static_cast<std::size_t>(v)];
    return out;
}

json::object counts_of(const file_summary& s) {
    json::object counts{{"rows", s.file.rows}};
    for (const auto& of_verdict : by_verdict(s.totals.verdicts)) counts.insert(of_verdict);
    return counts;
}

base::error does_not_add_up(const file_summary& s) {
    return base::error{
        base::errc::corrupt,
        fmt::format("the rows of file {} do not add up: {} were read, {} are in the ledger, {} of them without a "
                    "verdict; verdicts counted {}, recorded {}. No report is written and the file stays in "
                    "processing/: keep the ledger and tell the maintainers",
                    consent::format_file_id(s.file.arrival), s.file.rows, s.totals.rows, s.totals.unsettled,
                    json::serialize(by_verdict(s.totals.verdicts)), json::serialize(by_verdict(s.file.counts)))};
}

json::value time_or_null(const std::optional<base::wall_time>& t) {
    if (!t) return nullptr;
    return json::string(base::format_time(*t));
}

std::int64_t milliseconds_between(base::wall_time from, base::wall_time to) {
    return std::max<std::int64_t>(0, base::to_unix_ms(to) - base::to_unix_ms(from));  // the clock may be set back
}

json::array describe_reasons(const std::vector<ledger::reason_count>& reasons) {
    json::array out;
    for (const ledger::reason_count& r : reasons)
        out.push_back(json::object{
            {"verdict", consent::name(r.verdict)}, {"category", json_text(r.category)}, {"count", r.rows}});
    return out;
}

json::object describe_successes(const ledger::row_totals& totals) {
    json::object out;
    for (std::size_t i = 0; i < totals.successes.size(); ++i) {
        if (totals.successes[i] == 0) continue;
        const std::string_view name = consent::name(static_cast<consent::success_reason>(i));
        out[name.empty() ? "NONE" : name] = totals.successes[i];
    }
    return out;
}

json::object describe_malformed(const file_summary& s) {
    json::array listed;
    for (const ledger::ended_row& row : s.malformed)
        listed.push_back(json::object{
            {"row", row.change.id.row()}, {"offset", row.offset}, {"message", json_text(row.reason.message)}});
    return {{"count", s.malformed_rows}, {"listed", std::move(listed)}};
}

json::object describe_superseded(const file_summary& s) {
    json::array listed;
    for (const ledger::superseding& row : s.superseded) {
        json::value of_newer = nullptr;
        if (row.verdict != 0) of_newer = consent::name(static_cast<verdict>(row.verdict));
        listed.push_back(json::object{{"row", row.row},
                                      {"by", json::object{{"file_id", consent::format_file_id(row.by.arrival())},
                                                          {"row", row.by.row()},
                                                          {"verdict", std::move(of_newer)}}}});
    }
    return {{"count", of(s.totals.verdicts, verdict::superseded)}, {"listed", std::move(listed)}};
}

json::value describe_failed(const failed_file& failed) {
    if (failed.name.empty()) return nullptr;
    return json::object{{"file", failed.name},
                        {"count", failed.rows},
                        {"from", failed.input_fault.empty() ? "file" : "ledger"},
                        {"file_fault", json_text_or_null(failed.input_fault)}};
}

}  // namespace

std::uint64_t file_summary::failed_rows() const {
    return of(totals.verdicts, verdict::rejected) + of(totals.verdicts, verdict::invalid) +
           of(totals.verdicts, verdict::unconfirmed);
}

base::result<file_summary> summarize(consent::arrival_number arrival, ledger::report_queries& ledger) {
    file_summary s;
    const auto record = ledger.file(arrival);
    if (!record) return base::error{base::errc::not_found, "there is no file " + consent::format_file_id(arrival)};
    s.file = *record;
    s.totals = ledger.count_rows(arrival);
    if (s.totals.unsettled != 0 || s.totals.rows != s.file.rows || sum(s.file.counts) != s.file.rows ||
        s.totals.verdicts != s.file.counts)
        return does_not_add_up(s);
    if (of(s.totals.verdicts, verdict::confirmed) == s.file.rows) return s;
    s.reasons = ledger.count_reasons(arrival, listed_reasons_max);
    if (of(s.totals.verdicts, verdict::superseded) > 0) s.superseded = ledger.superseded_rows(arrival, listed_rows_max);
    if (of(s.totals.verdicts, verdict::invalid) == 0) return s;
    s.malformed_rows = ledger.count_category(arrival, malformed_category);
    if (s.malformed_rows > 0) s.malformed = ledger.rows_with_category(arrival, malformed_category, listed_rows_max);
    return s;
}

json::object describe(const std::string& account, const file_summary& s, base::wall_time done_at,
                      const std::string& folder, const failed_file& failed) {
    const ledger::file_record& file = s.file;
    json::value duplicate_of = nullptr;
    if (file.duplicate_of) duplicate_of = json::string(consent::format_file_id(*file.duplicate_of));
    json::value continues = nullptr;
    if (file.continues != 0) continues = json::string(consent::format_file_id(file.continues));
    return {{"account", json_text(account)},
            {"file_id", consent::format_file_id(file.arrival)},
            {"name", json_text(file.name)},
            {"sha256", file.sha256},
            {"bytes", file.size},
            {"counts", counts_of(s)},
            {"accounting", json::object{{"rows_read", file.rows},
                                        {"rows_with_verdict", sum(s.totals.verdicts)},
                                        {"adds_up", file.rows == sum(s.totals.verdicts)}}},
            {"success_reasons", describe_successes(s.totals)},
            {"reasons", describe_reasons(s.reasons)},
            {"attempts", s.totals.attempts},
            {"claimed_at", base::format_time(file.claimed_at)},
            {"read_at", time_or_null(file.read_at)},
            {"done_at", base::format_time(done_at)},
            {"duration_ms", milliseconds_between(file.claimed_at, done_at)},
            {"fault", json_text_or_null(file.fault)},
            {"duplicate_of", std::move(duplicate_of)},
            {"continues", std::move(continues)},
            {"ignored_columns", json_text_or_null(file.ignored_columns)},
            {"malformed", describe_malformed(s)},
            {"superseded", describe_superseded(s)},
            {"folder", json_text_or_null(folder)},
            {"failed", describe_failed(failed)}};
}

}  // namespace consent_sync::report
