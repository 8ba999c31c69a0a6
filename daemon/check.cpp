// consent-sync check: the configuration, and a dry run of files. Sends nothing, changes nothing.
#include <unistd.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdlib>
#include <iostream>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "commands.hpp"
#include "config/folders.hpp"
#include "dry_run.hpp"
#include "intake/file_reader.hpp"
#include "intake/arrival/inbox_rules.hpp"
#include "intake/raw_row_reader.hpp"
#include "observe/status_text.hpp"
#include "secret_files.hpp"
#include "service/pipeline/importing.hpp"
#include "service/operation/reloading.hpp"

namespace consent_sync::daemon {
namespace {

namespace po = boost::program_options;

constexpr std::size_t piece_rows = 4'096;
constexpr std::size_t shown_faults = 10;

struct tally {
    std::uint64_t rows = 0, opt_outs = 0, others = 0, invalid = 0;
    std::map<std::string, std::uint64_t> categories;
    std::vector<intake::row> faults;  // the first ones

    void add(const intake::row& row) {
        ++rows;
        if (!row.fault) {
            ++(row.change.is_opt_out() ? opt_outs : others);
            return;
        }
        ++categories[row.fault->category];
        if (invalid++ < shown_faults) faults.push_back(row);
    }
};

// "column 2 (status)" of a CSV file; empty for other formats, rows that are broken as a whole, and missing columns.
std::string column_of(intake::field where, const std::vector<std::string>& header,
                      const intake::column_rules& columns) {
    if (where == intake::field::unknown) return {};
    for (std::size_t i = 0; i < header.size(); ++i)
        if (columns.find(header[i]) == where)
            return ", column " + std::to_string(i + 1) + " (" + intake::shown_column(header[i]) + ")";
    return {};
}

void print_faults(const tally& t, const std::string& path, const std::string& name, std::uint64_t bytes_max,
                  const intake::column_rules& columns) {
    std::vector<std::uint64_t> offsets;
    for (const intake::row& row : t.faults) offsets.push_back(row.offset);
    const auto lines = intake::find_lines(path, name, bytes_max, offsets);
    const auto raw = intake::raw_row_reader::open(path, name, bytes_max, columns);
    for (std::size_t i = 0; i < t.faults.size(); ++i) {
        const intake::row& row = t.faults[i];
        std::cout << "  row " << row.number;
        if (lines) std::cout << ", line " << (*lines)[i];
        if (raw) std::cout << column_of(row.fault->where, raw->header(), columns);
        std::cout << ": " << row.fault->category << ": " << base::redact(row.fault->message) << "\n";
    }
    if (t.invalid > t.faults.size()) std::cout << "  … and " << t.invalid - t.faults.size() << " more faults\n";
}

// What is known besides the configuration: the ledger, if it can be read, and the limit of the running daemon.
struct surroundings {
    std::unique_ptr<ledger::dry_run_reader> ledger;
    running_daemon running;
};

surroundings look_around(const config::settings& settings, const std::string& config_path) {
    surroundings s;
    const std::string path = config::derive_folders(settings).ledger;
    if (::access(path.c_str(), R_OK) == 0) {
        auto opened = ledger::dry_run_reader::open(path);
        if (opened)
            s.ledger = std::move(*opened);
        else
            std::cout << opened.error().message << "\n";
    } else if (::access(path.c_str(), F_OK) == 0 || errno == EACCES) {
        std::cout
            << "without the ledger, which only root and the daemon's user may read: repeated files, change_ids and what "
               "waits already are not considered\n";
    }
    s.running = ask_running(settings, config_path);
    if (settings.rules.known_subscriptions && !s.running.subscriptions)
        std::cout
            << "without the account's subscriptions (rules.known_subscriptions), which only the running daemon knows: rows "
               "of others are not found\n";
    return s;
}

// `doubted`: subscriptions of opt-outs that HubSpot does not list, and why. The opt-outs are sent anyway.
void judge_subscription(intake::row& row, const service::known_subscriptions& known,
                        std::map<std::int64_t, std::string>& doubted) {
    if (row.fault) return;
    if (row.change.is_opt_out() && doubted.contains(row.change.subscription)) return;
    auto why = service::unknown_subscription(known, row.change);
    if (why && row.change.is_opt_out())
        doubted.emplace(row.change.subscription, std::move(why->message));
    else if (why)
        row.fault = intake::row_fault{std::move(why->category), std::move(why->message), intake::field::subscription};
}

// Names what the file says and nobody reads. False: some of it may say who must not be mailed.
bool print_unread(const intake::file_reader& reader) {
    const std::vector<std::string>& suspicious = reader.suspicious_columns();
    for (const std::string& column : reader.unknown_columns()) {
        const bool looks_like_consent = std::find(suspicious.begin(), suspicious.end(), column) != suspicious.end();
        std::cout << "  ignored column: " << base::redact(column)
                  << (looks_like_consent ? ", whose name suggests that it says who may be mailed" : "") << "\n";
    }
    if (!suspicious.empty())
        std::cout
            << "    a row that asks for more than an opt-out is invalid where such a column is not empty; for those "
               "that say nothing about consent, the configuration: "
            << base::redact(intake::ignore_line(suspicious)) << "\n";
    for (const std::string& note : reader.notes()) std::cout << "  " << base::redact(note) << "\n";
    return suspicious.empty();
}

// What cannot be known from the file alone.
void print_unknowable(const intake::file_reader& reader, const dry_run& would, const config::settings& settings) {
    if (reader.default_rows() > 0)
        std::cout << "  " << observe::format_count(reader.default_rows())
                  << " rows have no status of their own: they are " << consent::name(*settings.defaults.state)
                  << " because defaults.statusState says so\n";
    if (would.opt_ins() > 0)
        std::cout << "  not known here: whether one of the " << observe::format_count(would.opt_ins())
                  << " opt-ins has opted out elsewhere since\n";
}

// Prints what would become of one file, and adds to `sent` what would be sent. False: it has faults, or is suspicious.
bool check_file(const std::string& path, const config::settings& settings, const surroundings& around,
                std::uint64_t& sent, dry_run& would) {
    const std::string name = path.substr(path.find_last_of('/') + 1);
    std::cout << intake::shown_name(path) << ":\n";
    if (intake::is_left_alone(name)) {
        std::cout
            << "  would be left in the inbox: it begins or ends like a file that is still being written; rename it\n";
        return false;
    }
    auto reader = intake::file_reader::open(path, name, {settings.defaults, settings.rules, settings.inbox.max_bytes});
    if (!reader) {
        const bool unreadable = reader.error().code == base::errc::not_found || reader.error().code == base::errc::io;
        std::cout << (unreadable ? "  cannot be checked: " : "  would be refused: ")
                  << base::redact(reader.error().message) << "\n";
        return false;
    }
    tally t;
    std::map<std::int64_t, std::string> doubted;
    std::vector<intake::row> rows;
    intake::read_result got;
    bool may_be_half = false;  // the last row
    do {
        got = reader->next(rows, piece_rows);
        if (!rows.empty())
            may_be_half = rows.back().may_be_half && !rows.back().fault && !rows.back().change.is_opt_out();
        for (intake::row& row : rows) {
            judge_subscription(row, around.running.subscriptions, doubted);
            t.add(row);
            would.add(row);
        }
    } while (got.at == intake::read_result::state::more);
    print_faults(t, path, name, settings.inbox.max_bytes, intake::column_rules(settings.rules.ignore_columns));
    std::cout << "  rows " << t.rows << ": valid " << t.opt_outs + t.others << " (opt-outs " << t.opt_outs
              << "), invalid " << t.invalid << "\n";
    for (const auto& [category, count] : t.categories) std::cout << "    " << category << " " << count << "\n";
    for (const auto& [subscription, why] : doubted)
        std::cout << "  opt-outs of subscription " << subscription << " would be sent, although: " << base::redact(why)
                  << "\n";
    if (may_be_half)
        std::cout
            << "  the last line has no line end: unless the file is renamed into the inbox, the line may be half of a row, "
               "and nobody is subscribed by it\n";
    const bool all_read = print_unread(*reader);
    print_unknowable(*reader, would, settings);
    sent += would.print(settings, path, around.ledger.get(), around.running);
    const bool broken = got.at == intake::read_result::state::broke_off;
    if (broken) std::cout << "  reading broke off: " << base::redact(got.reason.message) << "\n";
    return t.invalid == 0 && would.unknown_change_ids() == 0 && !broken && all_read && would.contradictions() == 0;
}

}  // namespace

int check(int argc, char** argv) {
    po::options_description options("consent-sync check [FILES…]: check the configuration and files; sends nothing");
    options.add_options()("help", "this text")(
        "config", po::value<std::string>()->value_name("FILE")->default_value("/etc/consent-sync/consent-sync.json"),
        "the configuration");
    po::options_description all;
    all.add(options).add_options()("files", po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add("files", -1);
    po::variables_map given;
    try {
        po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(), given);
    } catch (const po::error& e) {
        std::cerr << "consent-sync check: " << e.what() << "\n" << options;
        return exit_usage;
    }
    if (given.count("help") > 0) {
        std::cout << options;
        return exit_done;
    }
    const std::string path = given["config"].as<std::string>();
    // Neither users nor ExecReload= can see the credentials of the unit, so these may be missing here.
    const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
    const bool seen = credentials != nullptr && ::access(credentials, X_OK) == 0;
    const config::load_options how{.credentials_dir = std::nullopt, .need_credentials = seen};
    auto settings = service::load_checked(path, how);
    if (!settings) {
        std::cout << settings.error().message << "\n";
        return exit_faults;
    }
    const bool of_files = given.count("files") > 0;
    std::vector<std::string> faults;
    if (!of_files) faults = find_secret_faults(*settings);  // a dry run of files needs no token
    for (const std::string& fault : faults) std::cout << path << ": " << fault << "\n";
    bool good = faults.empty();
    if (const std::string words = config::why_private(*settings); !words.empty())
        std::cout << path << ": if systemd runs the daemon: " << words << "\n";
    if (good) std::cout << path << ": good\n";
    if (of_files) {
        const surroundings around = look_around(*settings, path);
        const auto& files = given["files"].as<std::vector<std::string>>();
        std::uint64_t sent = 0;
        std::vector<dry_run> would(files.size());
        for (std::size_t i = 0; i < files.size(); ++i)
            good = check_file(files[i], *settings, around, sent, would[i]) && good;
        for (std::size_t i = 0; i < files.size(); ++i)
            for (std::size_t other = 0; other < i; ++other)
                if (const std::uint64_t people = would[i].contradicts(would[other]); people > 0) {
                    good = false;
                    std::cout << "contradictions: " << observe::format_count(people)
                              << (people == 1 ? " person has" : " people have") << " opposite statuses in "
                              << intake::shown_name(files[other]) << " and " << intake::shown_name(files[i]) << "\n";
                }
        if (files.size() > 1) {
            std::cout << files.size() << " files together: " << observe::format_count(sent)
                      << " changes would be sent\n";
            print_time(sent, 0, *settings, around.running);
        }
    }
    return good ? exit_done : exit_faults;
}

}  // namespace consent_sync::daemon
