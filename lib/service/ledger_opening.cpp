#include "service/ledger_opening.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>

#include "base/file.hpp"
#include "base/log.hpp"
#include "consent/place.hpp"
#include "delivery/pauses.hpp"
#include "ledger/damage.hpp"
#include "ledger/generation.hpp"
#include "service/supervision.hpp"

namespace consent_sync::service {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view restored_words = "the ledger is older than the file generation beside it";
constexpr std::int64_t ids_lost_max = 1'000'000'000;  // attempts that the lost part of a ledger may have numbered

// Files whose claim a crash cut: renamed already, or still in the inbox under another number soon.
base::result<void> settle_claims(ledger::store& s, const config::folders& paths) {
    for (ledger::file_record& file : s.files().open_files()) {
        if (file.state != ledger::file_state::claiming) continue;
        struct stat found {};
        const std::string path = base::join_path(paths.processing, file.stored_name);
        if (::lstat(path.c_str(), &found) == 0) {
            file.size = static_cast<std::uint64_t>(found.st_size);
            file.modified_ns = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
            file.inode = found.st_ino;
            s.files().claimed(file);
        } else if (errno == ENOENT) {
            s.files().forget(file.arrival);
        } else {
            return base::system_error("look at", path, errno);
        }
    }
    return {};
}

// Before SQLite does: the files that it puts beside the ledger get the ledger's mode. Closed again before SQLite opens
// it, because closing any descriptor of a file gives up the process's locks on it.
base::result<void> make_ledger_file(const std::string& path) {
    const base::unique_fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file || ::fchmod(file.get(), 0600) != 0) return base::system_error("open", path, errno);
    return {};
}

// "corrupt" of a file that was read well a moment later is a disk that failed for a moment, or a bug of ours.
base::error explain(const base::error& why, const config::folders& paths) {
    if (why.code != base::errc::corrupt) return why;
    const auto checked = ledger::check_ledger(paths.ledger);
    return checked ? ledger::damaged(paths.ledger, why.message) : checked.error();
}

// The arrival number that a name begins with; 0: none.
consent::arrival_number arrival_of(const fs::path& path) {
    const std::string name = path.filename().string();
    consent::arrival_number arrival = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), arrival);
    return code == std::errc() && end - name.data() >= 8 ? arrival : 0;
}

void collect_arrivals(const fs::path& folder, std::set<consent::arrival_number>& into) {
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
        if (const auto arrival = arrival_of(at->path())) into.insert(arrival);
}

// What the lost part of the ledger may have numbered is not numbered again, and what it reported is not cut off.
std::string accept_restored(ledger::store& s, const config::folders& paths, std::int64_t known, std::int64_t on_record,
                            opened_ledger& opened) {
    std::set<consent::arrival_number> stray;
    collect_arrivals(paths.processing, stray);
    for (const ledger::file_record& file : opened.open_files) stray.erase(file.arrival);
    std::set<consent::arrival_number> seen = stray;
    for (const std::string& folder : {paths.done, paths.refused}) collect_arrivals(folder, seen);
    std::error_code failed;
    for (fs::directory_iterator day(paths.reports, failed), end; !failed && day != end; day.increment(failed))
        collect_arrivals(day->path(), seen);
    if (!seen.empty()) s.files().number_after(*seen.rbegin());
    opened.past.next_attempt += ids_lost_max;
    opened.past.next_batch += ids_lost_max;
    for (const char* const series : {"reports.batches", "reports.files"}) {
        const std::string mark = s.duties().meta_text(series);
        s.duties().put_meta_text(series, mark.substr(0, mark.find(' ')));
    }
    return std::string(restored_words) + " (" + std::to_string(known) + " of " + std::to_string(on_record) +
           "): it was restored from a backup, or replaced. What was sent since is not in it. " +
           std::to_string(stray.size()) +
           " files in processing/ are not known to it. Nothing is sent until an operator resumes: see "
           "/usr/share/doc/consent-sync/recovery.md";
}

// The pause that a restored ledger got, if an operator ended it by removing the counter's file.
void resume_accepted(ledger::store& s, ledger::recovery& past) {
    const std::string reason(delivery::name(delivery::pause_reason::operator_));
    const auto removed = std::erase_if(past.pauses, [&](const ledger::stored_pause& p) {
        return p.reason == reason && p.words.starts_with(restored_words);
    });
    if (removed > 0) s.duties().remove_pause(reason);
}

// Returns the ledger's generation from now on.
std::int64_t count_generation(ledger::store& s, const config::folders& paths, std::optional<std::int64_t> on_record,
                              base::moment now, opened_ledger& opened, std::string& restored) {
    const std::int64_t known = s.duties().meta(ledger::generation_meta, 0);
    const std::int64_t start = std::max(known, on_record.value_or(0)) + 1;
    s.duties().put_meta(ledger::generation_meta, start);
    if (!on_record && known > 0) resume_accepted(s, opened.past);
    if (on_record && known < *on_record) {
        ledger::stored_pause pause;
        pause.reason = delivery::name(delivery::pause_reason::operator_);
        pause.since = now.wall;
        restored = accept_restored(s, paths, known, *on_record, opened);
        pause.words = restored;
        s.duties().put(pause);
        std::erase_if(opened.past.pauses, [&](const auto& p) { return p.reason == pause.reason; });
        opened.past.pauses.push_back(pause);
    }
    return start;
}

}  // namespace

base::result<std::unique_ptr<ledger::store>> check_and_open(const std::string& path) {
    if (const auto checked = ledger::check_ledger(path); !checked) return checked.error();
    return ledger::store::open(path);
}

base::result<opened_ledger> open_ledger(const config::settings& settings, const config::folders& paths,
                                        base::moment now) {
    const auto on_record = ledger::read_generation(paths.state);
    if (!on_record) return on_record.error();
    if (const auto own = make_ledger_file(paths.ledger); !own) return own.error();
    auto store = ledger::store::open(paths.ledger, extend_start());
    if (!store) return explain(store.error(), paths);
    opened_ledger opened;
    opened.store = std::move(*store);
    base::result<void> settled;
    std::int64_t generation = 0;
    std::string restored;
    const auto recovered = opened.store->transact([&](ledger::store& s) {
        settled = settle_claims(s, paths);
        opened.past = s.recover(now.wall, settings.retry.late_write_window);
        opened.open_files = s.files().open_files();
        generation = count_generation(s, paths, *on_record, now, opened, restored);
    });
    if (!recovered) return explain(recovered.error(), paths);
    if (!settled) return settled.error();
    opened.store->on_progress({});
    if (!restored.empty()) base::log_event(base::level::error, "ledger.restored", {{"words", restored}});
    if (const auto counted = ledger::write_generation(paths.state, generation); !counted) return counted.error();
    return opened;
}

}  // namespace consent_sync::service
