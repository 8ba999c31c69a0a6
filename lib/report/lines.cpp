#include "report/lines.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "base/time_text.hpp"
#include "intake/claim.hpp"
#include "ledger/ranges.hpp"

namespace consent_sync::report {
namespace {

namespace json = boost::json;

std::string row_text(const ledger::row_range& range) {
    std::string text = std::to_string(range.first);
    if (range.last > range.first) text += "-" + std::to_string(range.last);
    return text;
}

// "7:1-3,9;8:1" → [{"file_id":"00000007","rows":"1-3,9"}, …]
json::array files_of(const std::string& ranges) {
    json::array files;
    consent::arrival_number arrival = 0;
    for (const ledger::row_range& range : ledger::parse_ranges(ranges)) {
        if (range.arrival != arrival) {
            arrival = range.arrival;
            files.push_back(json::object{{"file_id", consent::format_file_id(arrival)}, {"rows", row_text(range)}});
        } else {
            json::string& rows = files.back().as_object()["rows"].as_string();
            rows.append("," + row_text(range));
        }
    }
    return files;
}

json::object not_confirmed(const ledger::attempt_record& a, consent::arrival_number arrival, const std::string& rows,
                           std::string_view outcome, const std::string& category, const std::string& message) {
    json::object entry{{"file_id", consent::format_file_id(arrival)}, {"rows", rows}, {"outcome", outcome}};
    entry["category"] = category.empty() ? a.outcome : category;
    entry["message"] = message;
    return entry;
}

// Two spaces a level; Boost.JSON has no printer of its own for that.
void print(std::string& out, const json::value& value, int depth) {
    const std::string indent(static_cast<std::size_t>(depth) * 2 + 2, ' ');
    const std::string outer(static_cast<std::size_t>(depth) * 2, ' ');
    if (value.is_object() && !value.as_object().empty()) {
        out += "{\n";
        std::size_t left = value.as_object().size();
        for (const auto& member : value.as_object()) {
            out += indent + json::serialize(json::string(member.key())) + ": ";
            print(out, member.value(), depth + 1);
            out += --left > 0 ? ",\n" : "\n";
        }
        out += outer + "}";
    } else if (value.is_array() && !value.as_array().empty()) {
        out += "[\n";
        std::size_t left = value.as_array().size();
        for (const json::value& element : value.as_array()) {
            out += indent;
            print(out, element, depth + 1);
            out += --left > 0 ? ",\n" : "\n";
        }
        out += outer + "]";
    } else {
        out += json::serialize(value);
    }
}

json::object counts_of(const ledger::file_record& file) {
    json::object counts{{"rows", file.rows}};
    std::uint64_t sum = 0;
    for (int v = 1; v <= consent::verdict_count; ++v) {
        const std::uint64_t count = file.counts[static_cast<std::size_t>(v)];
        counts[consent::name(static_cast<consent::verdict>(v))] = count;
        sum += count;
    }
    if (sum != file.rows)
        throw std::logic_error("file " + consent::format_file_id(file.arrival) + ": " + std::to_string(file.rows) +
                               " rows, but " + std::to_string(sum) + " verdicts");
    return counts;
}

json::object tally(const std::vector<std::pair<std::string, std::uint64_t>>& entries) {
    json::object object;
    for (const auto& [word, rows] : entries) object[word.empty() ? "NONE" : word] = rows;
    return object;
}

json::object describe(const std::string& account, const ledger::file_report& report, base::wall_time done) {
    const ledger::file_record& file = report.file;
    json::object o{{"account", account},
                   {"file_id", consent::format_file_id(file.arrival)},
                   {"name", file.name},
                   {"sha256", file.sha256},
                   {"bytes", file.size},
                   {"counts", counts_of(file)},
                   {"reasons", tally(report.reasons)},
                   {"success_reasons", tally(report.successes)},
                   {"attempts", report.attempts},
                   {"claimed_at", base::format_time(file.claimed_at)}};
    if (file.read_at) o["read_at"] = base::format_time(*file.read_at);
    o["done_at"] = base::format_time(done);
    o["seconds"] = std::chrono::duration<double>(done - file.claimed_at).count();
    if (!file.fault.empty()) o["broke_off"] = file.fault;
    if (!file.ignored_columns.empty()) o["ignored_columns"] = file.ignored_columns;
    if (file.duplicate_of) o["same_content_as"] = consent::format_file_id(*file.duplicate_of);
    if (!report.malformed.empty()) {
        json::array list;
        for (const ledger::failed_row& row : report.malformed)
            list.push_back(json::object{
                {"row", row.change.id.row()}, {"offset", row.offset}, {"message", row.why.message}});
        o["malformed_rows"] = std::move(list);
    }
    if (!report.superseded.empty()) {
        json::array list;
        for (const ledger::superseded_row& row : report.superseded)
            list.push_back(json::object{{"row", row.id.row()},
                                        {"by_file_id", consent::format_file_id(row.by.arrival())},
                                        {"by_row", row.by.row()},
                                        {"by_verdict", consent::name(static_cast<consent::verdict>(row.by_verdict))}});
        o["superseded_rows"] = std::move(list);
    }
    return o;
}

}  // namespace

std::string format_attempt(const std::string& account, const ledger::attempt_report& report) {
    const ledger::attempt_record& a = report.attempt;
    json::object line{{"account", account},
                      {"batch", a.batch},
                      {"attempt", a.number},
                      {"attempt_id", a.id},
                      {"begun_at", base::format_time(a.begun_at)},
                      {"ended_at", base::format_time(a.ended_at)},
                      {"outcome", a.outcome},
                      {"http", a.status},
                      {"ms", a.duration.count()},
                      {"correlation_id", a.correlation_id}};
    if (a.assertion) line["assertion"] = true;
    if (!a.category.empty()) line["category"] = a.category;
    if (!a.message.empty()) line["message"] = a.message;
    json::array failures;
    for (const ledger::failed_row& row : report.rejected)
        failures.push_back(not_confirmed(a, row.change.id.arrival(), std::to_string(row.change.id.row()), "rejected",
                                         row.why.category, row.why.message));
    std::uint64_t unsettled = 0;
    for (const ledger::row_range& range : ledger::parse_ranges(a.unsettled)) {
        unsettled += range.last - range.first + 1;
        failures.push_back(not_confirmed(a, range.arrival, row_text(range), "unsettled", a.category, a.message));
    }
    line["counts"] = json::object{{"changes", a.change_count},
                                  {"confirmed", a.confirmed},
                                  {"rejected", a.rejected},
                                  {"unsettled", unsettled}};
    line["files"] = files_of(a.changes);
    line["not_confirmed"] = std::move(failures);
    return json::serialize(line) + "\n";
}

std::string format_file(const std::string& account, const ledger::file_report& report, base::wall_time done,
                        layout how) {
    const json::object o = describe(account, report, done);
    if (how == layout::one_line) return json::serialize(o) + "\n";
    std::string text;
    print(text, json::value(o), 0);
    return text + "\n";
}

std::string report_folder_name(consent::arrival_number arrival, const std::string& name) {
    std::string safe = intake::finished_name(arrival, name, 200);
    for (char& c : safe)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/') c = '_';
    return safe;
}

}  // namespace consent_sync::report
