#include "integration/accounting.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <map>
#include <set>
#include <unordered_map>

#include "integration/ledger_rows.hpp"
#include "ledger/database.hpp"
#include "ledger/ranges.hpp"

namespace consent_sync::integration {
namespace {

using verdict_names = std::array<const char*, 6>;
constexpr verdict_names verdicts{"", "confirmed", "rejected", "invalid", "superseded", "unconfirmed"};

struct accounted_row {
    std::int64_t id = 0;
    std::string address;
    std::string mark;
    bool opt_out = false;
    int verdict = 0;
    std::int64_t superseded_by = 0;
    std::vector<std::size_t> attempts;  // indices, without assertions
    std::size_t sent = 0;               // including assertions
    bool asserted() const { return sent > attempts.size(); }
};

struct ledger_attempt {
    std::int64_t id = 0;
    bool assertion = false;
    bool ended = false;
    std::string outcome;
    std::set<std::int64_t> unsettled;
};

std::string lowered(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

class comparison {
  public:
    comparison(const daemon_under_test& daemon, hubspot_sim::simulator& hubspot, const std::vector<dropped_file>& files)
        : daemon_(daemon),
          hubspot_(hubspot),
          files_(files),
          db_(daemon.state("/ledger.db"), ledger::database::access::read_only) {}

    std::vector<std::string> run() {
        read_ledger();
        compare_files();
        compare_batches();
        compare_rows();
        compare_oracle();
        compare_folders();
        compare_reports();
        if (found_.size() > 50) found_.resize(50);
        return std::move(found_);
    }

  private:
    void say(const std::string& what) { found_.push_back(what); }

    void read_ledger() {
        for (const ledger_row& row : read_rows(db_)) {
            by_id_[row.change.id.id()] = rows_.size();
            rows_.push_back({row.change.id.id(),
                             row.address(),
                             row.mark(),
                             row.change.is_opt_out(),
                             static_cast<int>(row.verdict),
                             row.superseded_by,
                             {},
                             0});
        }
        auto files = db_.prepare("SELECT arrival, CASE together WHEN 0 THEN arrival ELSE together END FROM files");
        files.run_with();
        while (files.step()) first_of_[files.integer(0)] = files.integer(1);
        auto attempts = db_.prepare(
            "SELECT id, assertion, end_number IS NOT NULL, outcome, changes, unsettled FROM attempts ORDER BY id");
        attempts.run_with();
        while (attempts.step()) {
            ledger_attempt a{
                attempts.integer(0), attempts.integer(1) != 0, attempts.integer(2) != 0, attempts.text(3), {}};
            for (const auto place : ledger::expand_ranges(ledger::parse_ranges(attempts.text(5))))
                a.unsettled.insert(place.id());
            for (const auto place : ledger::expand_ranges(ledger::parse_ranges(attempts.text(4)))) {
                const auto at = by_id_.find(place.id());
                if (at == by_id_.end()) {
                    say("attempt " + std::to_string(a.id) + " names a row that is not there");
                    continue;
                }
                ++rows_[at->second].sent;
                if (!a.assertion) rows_[at->second].attempts.push_back(attempts_.size());
            }
            if (!a.ended) say("attempt " + std::to_string(a.id) + " is open");
            attempts_.push_back(std::move(a));
        }
    }

    // Plan, ledger and files.ndjson: each file once, with the same rows and counts.
    void compare_files() {
        std::map<std::string, std::pair<std::int64_t, std::int64_t>> ledger_files;  // name: arrival, state
        auto query = db_.prepare("SELECT name, arrival, state FROM files WHERE state<>6");
        query.run_with();
        while (query.step())
            if (!ledger_files.try_emplace(query.text(0), query.integer(1), query.integer(2)).second)
                say(query.text(0) + " is in the ledger twice");
        std::map<std::string, boost::json::object> reported;
        for (boost::json::object& line : daemon_.lines("files.ndjson")) {
            const std::string name(line.at("name").as_string());
            if (!reported.try_emplace(name, std::move(line)).second) say(name + " is reported twice");
        }
        if (ledger_files.size() != files_.size())
            say("the ledger has " + std::to_string(ledger_files.size()) + " files");
        for (const dropped_file& file : files_) {
            const auto in_ledger = ledger_files.find(file.name);
            const auto in_report = reported.find(file.name);
            if (in_ledger == ledger_files.end() || in_ledger->second.second != 5) {
                say(file.name + " is not done in the ledger");
            } else if (in_report == reported.end()) {
                say(file.name + " is not reported");
            } else {
                compare_file(file, in_ledger->second.first, in_report->second);
            }
        }
    }

    void compare_file(const dropped_file& file, std::int64_t arrival, const boost::json::object& report) {
        std::array<std::uint64_t, 6> counts{};
        for (std::size_t i = 0; i < file.rows.size(); ++i) {
            const auto at = by_id_.find((arrival << 32) + static_cast<std::int64_t>(i) + 1);
            if (at == by_id_.end()) {
                say(file.name + " lost row " + std::to_string(i + 1));
                continue;
            }
            const accounted_row& row = rows_[at->second];
            ++counts[static_cast<std::size_t>(row.verdict)];
            if (row.mark != file.rows[i].mark && row.verdict != 3)
                say(file.name + " has another row as " + std::to_string(i + 1));
        }
        planned_ += file.rows.size();
        if (counts[0] > 0) say(file.name + " has " + std::to_string(counts[0]) + " rows without a verdict");
        if (count(report, "rows") != file.rows.size()) say(file.name + " is reported with another number of rows");
        for (std::size_t v = 1; v < verdicts.size(); ++v)
            if (count(report, verdicts[v]) != counts[v])
                say(file.name + ": report and ledger differ in " + verdicts[v]);
    }

    void compare_batches() {
        std::set<std::int64_t> reported;
        std::uint64_t confirmed = 0;
        for (const boost::json::object& line : daemon_.batches()) {
            const std::int64_t id = line.at("attempt_id").to_number<std::int64_t>();
            if (!reported.insert(id).second) say("attempt " + std::to_string(id) + " is reported twice");
            if (!line.at("assertion").as_bool())
                confirmed += line.at("counts").at("confirmed").to_number<std::uint64_t>();
        }
        if (reported.size() != attempts_.size())
            say(std::to_string(attempts_.size()) + " attempts, " + std::to_string(reported.size()) + " reported");
        const auto in_ledger =
            std::count_if(rows_.begin(), rows_.end(), [](const accounted_row& r) { return r.verdict == 1; });
        if (confirmed != static_cast<std::uint64_t>(in_ledger))
            say("confirmed rows: " + std::to_string(in_ledger) + ", by batches.ndjson " + std::to_string(confirmed));
    }

    // It gave way to an opt-out of the same person, in the same file or in one that arrived together with it.
    bool gave_way(const accounted_row& row) const {
        const auto by = by_id_.find(row.superseded_by);
        if (by == by_id_.end() || row.opt_out) return false;
        const accounted_row& opt_out = rows_[by->second];
        const auto first = [this](std::int64_t id) { return first_of_.at(id >> 32); };
        return opt_out.opt_out && lowered(opt_out.address) == lowered(row.address) &&
               first(opt_out.id) == first(row.id);
    }

    // Only changes that an attempt left unsettled are sent again. A superseded change has a newer one, or gave way to
    // an opt-out.
    void compare_rows() {
        if (rows_.size() != planned_)
            say("the ledger has " + std::to_string(rows_.size()) + " rows of " + std::to_string(planned_));
        for (const accounted_row& row : rows_) {
            for (std::size_t i = 0; i + 1 < row.attempts.size(); ++i)
                if (!attempts_[row.attempts[i]].unsettled.contains(row.id))
                    say("row " + std::to_string(row.id) + " was sent again after attempt " +
                        std::to_string(attempts_[row.attempts[i]].id) + " had settled it");
            if (row.verdict == 4 && row.superseded_by <= row.id && !gave_way(row))
                say("row " + std::to_string(row.id) + " is superseded by an older one");
        }
    }

    // For each key HubSpot never got an older change after a newer one, and its state is that of the newest confirmed
    // change.
    void compare_oracle() {
        std::unordered_map<std::string, std::size_t> by_mark;
        std::unordered_map<std::string, std::size_t> newest;  // confirmed, by address
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            by_mark[rows_[i].mark] = i;
            if (rows_[i].verdict == 1) newest[lowered(rows_[i].address)] = i;
        }
        std::unordered_map<std::string, std::int64_t> last;         // sent and not rejected
        std::unordered_map<std::string, std::int64_t> last_of_all;  // sent
        std::vector<std::size_t> received(rows_.size(), 0);
        for (const auto& got : hubspot_.received()) {
            const auto at = by_mark.find(got.explanation.value_or(""));
            if (at == by_mark.end()) {
                say("HubSpot got a change that nobody dropped");
                continue;
            }
            ++received[at->second];
            // An assertion sends the newest change that HubSpot did not reject, so it may follow a newer, rejected one.
            const accounted_row& row = rows_[at->second];
            for (std::int64_t* before :
                 {&last[got.subscriber], row.asserted() ? nullptr : &last_of_all[got.subscriber]})
                if (before != nullptr && row.id < *before)
                    say("HubSpot got row " + describe(row.id) + " after " + describe(*before));
            std::int64_t& newest_sent = last_of_all[got.subscriber];
            newest_sent = std::max(newest_sent, row.id);
            if (row.verdict != 2) last[got.subscriber] = std::max(last[got.subscriber], row.id);
        }
        std::vector<bool> applied(rows_.size(), false);
        for (const auto& got : hubspot_.applied())
            if (const auto at = by_mark.find(got.explanation.value_or("")); at != by_mark.end())
                applied[at->second] = true;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (received[i] > rows_[i].sent)
                say("row " + std::to_string(rows_[i].id) + " came more often than attempts are on record");
            if (rows_[i].verdict == 1 && !applied[i])
                say("row " + std::to_string(rows_[i].id) + " is confirmed and was never applied");
        }
        for (const auto& [address, i] : newest) {
            const auto state = hubspot_.state(address, 7);
            if (!state || state->explanation != rows_[i].mark)
                say("the last state of " + address + " is not its newest change, row " + std::to_string(rows_[i].id));
        }
        if (hubspot_.counters().violations.twice_in_request > 0) say("one key twice in a request");
    }

    // "31:7 (confirmed; attempts 12 reset, 13 judged)"
    std::string describe(std::int64_t id) const {
        const accounted_row& row = rows_[by_id_.at(id)];
        std::string text = std::to_string(id >> 32) + ":" + std::to_string(id & 0xffffffff) + " (" +
                           verdicts[static_cast<std::size_t>(row.verdict)] + "; sent " + std::to_string(row.sent) +
                           " times; attempts";
        for (const std::size_t at : row.attempts)
            text += " " + std::to_string(attempts_[at].id) + " " + attempts_[at].outcome;
        return text + ")";
    }

    void compare_folders() {
        if (!daemon_.names("/inbox").empty()) say("something is left in the inbox");
        if (!daemon_.names("/processing").empty()) say("something is left in processing/");
        if (daemon_.names("/done").size() != files_.size()) say("done/ does not hold every file");
    }

    // Everything that files.ndjson names exists and is complete.
    void compare_reports() {
        for (const boost::json::object& line : daemon_.lines("files.ndjson")) {
            if (line.at("folder").is_null()) continue;
            const std::string folder(line.at("folder").as_string());
            boost::system::error_code broken;
            const auto summary = boost::json::parse(daemon_.report(folder + "/summary.json"), broken);
            if (broken || summary != line) say(folder + "/summary.json is not what files.ndjson says");
            if (!daemon_.report(folder + "/report.html").ends_with("</html>\n")) say(folder + "/report.html is cut");
            if (line.at("failed").is_null()) continue;
            const auto& failed = line.at("failed").as_object();
            const std::string text = daemon_.report(folder + "/" + std::string(failed.at("file").as_string()));
            const auto lines = static_cast<std::int64_t>(std::count(text.begin(), text.end(), '\n'));
            if (lines != failed.at("count").to_number<std::int64_t>() + 1 || !text.ends_with("\r\n"))
                say(folder + ": " + std::to_string(lines) + " lines of failed rows and their header");
        }
    }

    const daemon_under_test& daemon_;
    hubspot_sim::simulator& hubspot_;
    const std::vector<dropped_file>& files_;
    ledger::database db_;
    std::vector<accounted_row> rows_;
    std::unordered_map<std::int64_t, std::size_t> by_id_;
    std::unordered_map<std::int64_t, std::int64_t> first_of_;  // those that arrived together
    std::vector<ledger_attempt> attempts_;
    std::uint64_t planned_ = 0;
    std::vector<std::string> found_;
};

std::uint64_t ask(const daemon_under_test& daemon, const char* sql) {
    const ledger::database db(daemon.state("/ledger.db"), ledger::database::access::read_only);
    auto query = db.prepare(sql);
    query.run_with();
    query.step();
    return static_cast<std::uint64_t>(query.integer(0));
}

}  // namespace

std::string dropped_file::text() const {
    std::string text = "email,subscription_id,status,legal_basis,legal_basis_explanation\n";
    for (const dropped_row& row : rows)
        text += row.address + ",7," + (row.opt_out ? "unsubscribed" : "subscribed") + ",CONSENT_WITH_NOTICE," +
                row.mark + "\n";
    return text;
}

dropped_file make_file(std::size_t number, std::size_t rows, std::size_t people, std::mt19937_64& random) {
    dropped_file file;
    file.name = "f" + std::to_string(number) + ".csv";
    const bool opt_outs = random() % 4 == 0;
    for (std::size_t i = 0; i < rows; ++i) {
        dropped_row row;
        const std::size_t who = random() % people;
        row.address = "p" + std::to_string(who) + "@example.com";
        if (who % 200 == 7) row.address = "reject-" + row.address;
        if (who % 200 == 8) row.address = "nobody";
        row.opt_out = opt_outs || random() % 10 == 0;
        row.mark = "f" + std::to_string(number) + "r" + std::to_string(i + 1);
        file.rows.push_back(std::move(row));
    }
    return file;
}

std::vector<std::string> find_contradictions(const daemon_under_test& daemon, hubspot_sim::simulator& hubspot,
                                             const std::vector<dropped_file>& files) {
    return comparison(daemon, hubspot, files).run();
}

std::uint64_t late_writes_owed(const daemon_under_test& daemon) {
    return ask(daemon, "SELECT count(*) FROM late_writes");
}

std::uint64_t open_files(const daemon_under_test& daemon) {
    return ask(daemon, "SELECT count(*) FROM files WHERE state<5");
}

std::uint64_t interrupted_attempts(const daemon_under_test& daemon) {
    return ask(daemon, "SELECT count(*) FROM attempts WHERE outcome='interrupted'");
}

}  // namespace consent_sync::integration
