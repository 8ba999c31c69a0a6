#include "service/run/traces.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "base/file.hpp"
#include "intake/arrival/claim.hpp"
#include "report/report_writer.hpp"

namespace consent_sync::service {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t days_read = 4;            // of reports: those written to last
constexpr std::size_t tail_bytes = 256 * 1024;  // of each report: many lines

// Calls `look` with the name of each entry.
void each_name(const std::string& folder, const std::function<void(const std::string&)>& look) {
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
        look(at->path().filename().string());
}

std::string tail_of(const std::string& path) {
    const base::unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat found {};
    if (!file || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return {};
    std::string text(std::min<std::size_t>(tail_bytes, static_cast<std::size_t>(found.st_size)), '\0');
    const ssize_t got = ::pread(file.get(), text.data(), text.size(), found.st_size - static_cast<off_t>(text.size()));
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

// The largest number behind `member` in JSON text. Within a string such a member has a backslash before its second
// quotation mark, so it is not found there.
std::int64_t largest(std::string_view text, std::string_view member) {
    std::int64_t most = 0;
    for (std::size_t at = text.find(member); at != std::string_view::npos; at = text.find(member, at + 1)) {
        std::int64_t number = 0;
        const char* const begin = text.data() + at + member.size();
        const auto [end, code] = std::from_chars(begin, text.data() + text.size(), number);
        const bool whole = code == std::errc() && end != text.data() + text.size();
        if (whole) most = std::max(most, number);
    }
    return most;
}

class finder {
  public:
    finder(const config::folders& paths, consent::arrival_number known) : paths_(paths), known_(known) {}

    traces find(const std::function<void()>& working) {
        each_name(paths_.processing, [this](const std::string& name) { in_processing(name); });
        each_name(paths_.done, [this](const std::string& name) { in_done(name); });
        each_name(paths_.refused, [this](const std::string& name) { in_refused(name); });
        const auto by_number = [](const trace& a, const trace& b) { return a.arrival < b.arrival; };
        std::sort(found_.processing.begin(), found_.processing.end(), by_number);
        std::sort(found_.done.begin(), found_.done.end(), by_number);
        in_reports(working);
        return std::move(found_);
    }

  private:
    // The number that a name begins with, as the daemon writes it; 0: none, or not one of the daemon's.
    consent::arrival_number number_of(std::string_view name) const {
        std::int64_t number = 0;
        const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (code != std::errc() || number <= 0 || number > std::int64_t{known_} + lead_max) return 0;
        const auto arrival = static_cast<consent::arrival_number>(number);
        const auto digits = static_cast<std::size_t>(end - name.data());
        return consent::format_file_id(arrival) == name.substr(0, digits) ? arrival : 0;
    }

    void note(std::int64_t arrival) {
        if (arrival > std::int64_t{known_} + lead_max) return;
        found_.newest_arrival = std::max(found_.newest_arrival, static_cast<consent::arrival_number>(arrival));
    }

    void in_processing(const std::string& name) {
        const auto arrival = number_of(name);
        if (arrival == 0 || intake::processing_name(arrival, name) != name) return;
        note(arrival);
        found_.processing.push_back({arrival, name, name});
    }

    void in_done(const std::string& name) {
        const auto arrival = number_of(name);
        const std::size_t id = consent::format_file_id(arrival).size();
        if (arrival == 0 || name.size() <= id || name[id] != '-') return;
        note(arrival);
        if (arrival > known_) found_.done.push_back({arrival, name, name.substr(id + 1)});
    }

    // What was refused in the inbox has no number, and keeps its name, which may look like one.
    void in_refused(const std::string& name) {
        const auto arrival = number_of(name);
        if (arrival <= known_ || !name.ends_with(".reason.json")) return;
        const auto reason = base::read_small_file(base::join_path(paths_.refused, name), 64 * 1024);
        if (reason && reason->find("\"file_id\":\"" + consent::format_file_id(arrival) + '"') != std::string::npos)
            note(arrival);
    }

    void in_reports(const std::function<void()>& working) {
        std::vector<std::pair<std::int64_t, std::string>> days;  // when written to last, path
        each_name(paths_.reports, [&](const std::string& day) {
            const std::string path = base::join_path(paths_.reports, day);
            struct stat seen {};
            std::int64_t written = 0;
            for (const char* const file : {report::batches_file, report::files_file})
                if (::stat(base::join_path(path, file).c_str(), &seen) == 0)
                    written = std::max<std::int64_t>(written, seen.st_mtim.tv_sec);
            days.emplace_back(written, path);
            each_name(path, [this](const std::string& name) { note(number_of(name)); });
            working();
        });
        std::sort(days.rbegin(), days.rend());
        if (days.size() > days_read) days.resize(days_read);
        for (const auto& [written, path] : days) {
            const std::string batches = tail_of(base::join_path(path, report::batches_file));
            found_.newest_attempt = std::max(found_.newest_attempt, largest(batches, "\"attempt_id\":"));
            note(largest(batches, "\"file_id\":\""));
            note(largest(tail_of(base::join_path(path, report::files_file)), "\"file_id\":\""));
        }
    }

    const config::folders& paths_;
    consent::arrival_number known_;
    traces found_;
};

}  // namespace

traces find_traces(const config::folders& paths, consent::arrival_number known, const std::function<void()>& working) {
    return finder(paths, known).find(working);
}

}  // namespace consent_sync::service
