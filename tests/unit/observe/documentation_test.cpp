// What lib/observe/README.md says of metrics, status and history is what comes out, and the other way round.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "observe/history_text.hpp"
#include "observe/metrics.hpp"
#include "observe/snapshot_json.hpp"
#include "source_paths.hpp"

namespace consent_sync::observe {
namespace {

namespace json = boost::json;

const base::wall_time noon = base::from_unix_ms(1'795'435'200'000);

std::string section(const std::string& title) {
    std::ifstream in(std::string(CONSENT_SYNC_SOURCE_DIR) + "/lib/observe/README.md");
    std::stringstream all;
    all << in.rdbuf();
    const std::string text = all.str();
    const auto from = text.find("\n" + title + "\n");
    if (from == std::string::npos) return {};
    const auto end = text.find("\n##", from + 4);
    return text.substr(from, end - from);
}

// First and second column of the section's table.
std::map<std::string, std::string> table(const std::string& title) {
    std::map<std::string, std::string> rows;
    const std::string text = section(title);
    const std::regex row("\\| `([^`]+)` \\| ([^|]*) \\|");
    for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) rows[(*at)[1]] = (*at)[2];
    return rows;
}

snapshot everything() {
    ledger::ledger_picture p;
    p.files.resize(1);
    p.files[0].arrival = 1;
    p.files[0].name = "a.csv";
    p.files[0].rows = 10;
    p.open_files = 1;
    p.waiting = 10;
    p.pauses = {{"moving", noon, noon + std::chrono::seconds(30), "words"}};
    p.oldest_opt_out = noon;
    snapshot s = from_ledger(p, noon);
    s.running = true;
    s.kept = "words";
    s.trouble = "words";
    s.version = "1";
    s.account = "acme";
    s.started = noon;
    s.pace = 1.5;
    s.limit = limit_view{};
    s.limit->requests = 190;
    s.daily = daily_view{1'000, 400, noon, true};
    s.settled_since_start = ledger::verdict_counts{};
    s.disk_free_bytes = 1;
    s.inbox_files = 1;
    s.process = process_use{0.5, 1, 1, 1};
    return s;
}

// Paths of all members with the kinds of value that they have.
void collect(const json::value& v, const std::string& path, std::map<std::string, std::set<std::string>>& into) {
    if (const auto* object = v.if_object()) {
        if (!path.empty()) into[path].insert("object");
        for (const auto& member : *object)
            collect(member.value(), path + (path.empty() ? "" : ".") + std::string(member.key()), into);
        return;
    }
    if (const auto* array = v.if_array()) {
        for (const auto& each : *array) collect(each, path + "[]", into);
        return;
    }
    const bool number = v.is_double();
    into[path].insert(v.is_null()     ? "null"
                      : v.is_string() ? "text"
                      : v.is_bool()   ? "boolean"
                      : number        ? "number"
                                      : "integer");
}

void expect_documented(const std::string& title, const std::vector<json::value>& outputs) {
    std::map<std::string, std::set<std::string>> found;
    for (const json::value& each : outputs) collect(each, "", found);
    const auto documented = table(title);
    EXPECT_GT(documented.size(), 10u) << title;
    for (auto& [path, kinds] : found) {
        const bool group = kinds.erase("object") > 0;
        const auto row = documented.find(path);
        if (row == documented.end()) {
            EXPECT_TRUE(group && kinds.empty()) << title << ": " << path << " is not documented";
            continue;
        }
        std::set<std::string> said;
        if (row->second.find("null") != std::string::npos) said.insert("null");
        const std::string kind = row->second.substr(0, row->second.find(' '));
        if (!group) said.insert(kind == "time" ? "integer" : kind);
        if (kinds.contains("integer") && said.contains("number")) {  // a whole one
            kinds.erase("integer");
            kinds.insert("number");
        }
        EXPECT_EQ(kinds, said) << title << ": " << path;
    }
    for (const auto& [path, kind] : documented)
        EXPECT_TRUE(found.contains(path)) << title << ": " << path << " is documented and does not come out";
}

TEST(Documentation, NamesEveryMemberOfStatusWithItsType) {
    const snapshot s = everything();
    const snapshot unknown = from_ledger({}, noon);
    snapshot held = everything();
    held.pauses = {{"operator", noon, std::nullopt, "words"}};
    held.daily->ends = {};
    snapshot sending = everything();
    sending.pauses.clear();
    expect_documented("## status --json", {to_json(s, file_names::shown), to_json(sending, file_names::shown),
                                           to_json(unknown, file_names::shown), to_json(held, file_names::left_out)});
}

ledger::history some_history() {
    ledger::history h;
    h.since = noon;
    h.entries.resize(2);
    ledger::history_entry& sent = h.entries[0];
    sent.change.id = consent::place(1, 1);
    sent.change.subscriber = "ann@example.com";
    sent.change.basis = consent::legal_basis::non_gdpr;
    sent.change.explanation = "x";
    sent.file.sha256 = "00";
    sent.verdict = consent::verdict::confirmed;
    sent.success = consent::success_reason::no_status_change;
    sent.hubspot_time_ms = 1;
    sent.settled_by = 7;
    sent.attempts.resize(2);
    ledger::attempt_record& gave = sent.attempts[1];
    gave.id = 7;
    gave.end_number = 1;
    gave.ended_at = noon;
    gave.outcome = "refused";
    gave.correlation_id = "c";
    gave.category = "VALIDATION_ERROR";
    gave.message = "bob@example.com is no address";
    ledger::history_entry& left = h.entries[1];
    left.change.id = consent::place(1, 2);
    left.change.subscriber = "ann@example.com";
    left.reason = {"superseded", "by a newer one", "", consent::place(2, 1)};
    return h;
}

TEST(Documentation, NamesEveryMemberOfHistoryWithItsType) {
    expect_documented("### history --json",
                      {history_json("ann@example.com", some_history(), noon), history_json("x@example.com", {}, noon)});
}

TEST(Documentation, NamesTheColumnsOfHistoryInTheirOrder) {
    const std::string csv = history_csv(some_history());
    const std::string header = csv.substr(0, csv.find("\r\n"));
    std::string documented;
    const std::string text = section("### history --csv");
    const std::regex name("`([a-zA-Z_0-9]+)`");
    for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at)
        documented += (documented.empty() ? "" : ",") + std::string((*at)[1]);
    EXPECT_EQ(documented, header);
    for (std::size_t at = 0; at < csv.size();) {  // nothing here is quoted
        const std::size_t end = csv.find("\r\n", at);
        EXPECT_EQ(std::count(csv.begin() + static_cast<std::ptrdiff_t>(at),
                             csv.begin() + static_cast<std::ptrdiff_t>(end), ','),
                  std::count(header.begin(), header.end(), ','));
        at = end + 2;
    }
}

TEST(History, ShowsNobodyElsesAddressFromTheAnswerToABatch) {
    const ledger::history h = some_history();
    EXPECT_THAT(history_csv(h), testing::Not(testing::HasSubstr("bob@")));
    EXPECT_THAT(format_history("ann@example.com", h), testing::Not(testing::HasSubstr("bob@")));
    EXPECT_THAT(json::serialize(history_json("ann@example.com", h, noon)), testing::Not(testing::HasSubstr("bob@")));
}

// name{labels} → type, of what is served.
std::map<std::string, std::string> served(const std::string& text) {
    std::map<std::string, std::string> types, rows;
    std::map<std::string, std::vector<std::string>> labels;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        std::smatch m;
        if (std::regex_match(line, m, std::regex("# TYPE (\\S+) (\\S+)"))) types[m[1]] = m[2];
        if (line.starts_with('#')) continue;
        std::string name = line.substr(0, line.find_first_of("{ "));
        for (const char* suffix : {"_bucket", "_sum", "_count"})
            if (const std::string base =
                    name.substr(0, name.size() - std::min(name.size(), std::string(suffix).size()));
                name == base + suffix && types.contains(base))
                name = base;
        if (line.find('{') == std::string::npos) continue;
        const std::string inside = line.substr(line.find('{') + 1, line.rfind('}') - line.find('{') - 1);
        auto& all = labels[name];
        all.clear();
        const std::regex label("([a-z_]+)=\"");
        for (std::sregex_iterator at(inside.begin(), inside.end(), label), end; at != end; ++at)
            all.push_back((*at)[1]);
    }
    for (const auto& [name, type] : types) {
        std::string row = name;
        for (std::size_t i = 0; i < labels[name].size(); ++i) row += (i == 0 ? "{" : ",") + labels[name][i];
        if (!labels[name].empty()) row += "}";
        rows[row] = type;
    }
    return rows;
}

TEST(Documentation, HasARowForEveryMetricWithItsTypeAndLabels) {
    counters c;
    ledger::ledger_change step;
    step.begins.resize(1);
    step.begins[0].changes.resize(1);
    step.ends.resize(1);
    c.committed(step, {}, {});
    const auto documented = table("## Metrics");
    EXPECT_GT(documented.size(), 30u);
    EXPECT_EQ(served(format_metrics(everything(), c)), documented);
}

// A rule on a metric that nobody serves never fires, and says so nowhere.
TEST(Documentation, AlertRulesUseMetricsThatThereAre) {
    std::set<std::string> known;
    for (const auto& [row, type] : table("## Metrics")) known.insert(row.substr(0, row.find('{')));
    std::ifstream in(std::string(CONSENT_SYNC_SOURCE_DIR) + "/config/consent-sync.rules.yml");
    std::stringstream all;
    all << in.rdbuf();
    const std::string text = all.str();
    const std::regex name("consent_sync_[a-z_]+");
    std::size_t used = 0;
    for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at, ++used)
        EXPECT_TRUE(known.contains(at->str())) << at->str();
    EXPECT_GT(used, 10u);
}

}  // namespace
}  // namespace consent_sync::observe
