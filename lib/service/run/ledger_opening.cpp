#include "service/run/ledger_opening.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "base/log.hpp"
#include "consent/place.hpp"
#include "delivery/pauses.hpp"
#include "intake/arrival/claim.hpp"
#include "ledger/damage.hpp"
#include "ledger/newest_commit.hpp"
#include "service/run/lost_commits.hpp"
#include "service/operation/old_files.hpp"
#include "service/operation/retention_service.hpp"
#include "service/operation/supervision.hpp"
#include "service/run/traces.hpp"

namespace consent_sync::service {
namespace {

constexpr std::size_t unknown_named_max = 10;
constexpr std::uint64_t checked_bytes_max = 4ULL << 30;  // a larger ledger is not read as a whole at the start

// A file that the ledger has as unread is in done/ if the commits that finished it are lost. Then it is moved back.
// False: it is in neither folder.
base::result<bool> find_claimed(const ledger::file_record& file, const config::folders& paths, struct stat& found) {
    const std::string path = base::join_path(paths.processing, file.stored_name);
    if (::lstat(path.c_str(), &found) == 0) return true;
    if (errno != ENOENT) return base::system_error("look at", path, errno);
    const std::string done = base::join_path(paths.done, intake::finished_name(file.arrival, file.name));
    if (::lstat(done.c_str(), &found) != 0) {
        if (errno == ENOENT || errno == ENAMETOOLONG) return false;
        return base::system_error("look at", done, errno);
    }
    if (::rename(done.c_str(), path.c_str()) != 0) return base::system_error("move back to processing/", done, errno);
    for (const std::string* const folder : {&paths.processing, &paths.done})
        if (const auto synced = base::sync_folder(*folder); !synced) return synced.error();
    return true;
}

// Completes claims that a crash interrupted: the file was renamed already, or it is still in the inbox and will get
// another number.
base::result<void> settle_claims(ledger::store& s, const config::folders& paths) {
    for (ledger::file_record& file : s.files().open_files()) {
        if (file.state >= ledger::file_state::read) continue;
        struct stat found {};
        const auto there = find_claimed(file, paths, found);
        if (!there) return there.error();
        if (file.state != ledger::file_state::claiming) continue;
        if (*there) {
            file.size = static_cast<std::uint64_t>(found.st_size);
            file.modified_ns = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
            file.inode = found.st_ino;
            s.files().claimed(file);
        } else {
            s.files().forget(file.arrival);
        }
    }
    return {};
}

// Creates the file before SQLite does, because the files that SQLite puts beside the ledger get the ledger's mode. It
// is closed before SQLite opens it: closing any descriptor of a file gives up the process's locks on it.
base::result<void> make_ledger_file(const std::string& path) {
    const base::unique_fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file || ::fchmod(file.get(), 0600) != 0) return base::system_error("open", path, errno);
    return {};
}

// If the check finds a "corrupt" ledger sound, either the disk failed for a moment, or this is a bug.
base::error explain(const base::error& why, const config::folders& paths) {
    if (why.code != base::errc::corrupt) return why;
    const auto checked = ledger::check_ledger(paths.ledger);
    return checked ? ledger::damaged(paths.ledger, why.message) : checked.error();
}

// Names files in processing/ that belong to no open file of the ledger: otherwise they would stay there for ever.
void tell_unknown(const std::vector<trace>& processing, const std::vector<ledger::file_record>& open) {
    std::string names;
    std::size_t count = 0;
    for (const trace& each : processing) {
        const auto same = [&each](const ledger::file_record& file) { return file.arrival == each.arrival; };
        if (std::any_of(open.begin(), open.end(), same)) continue;
        if (++count <= unknown_named_max) names += (names.empty() ? "" : " ") + each.found_as;
    }
    if (count == 0) return;
    base::log_event(base::level::error, "processing.unknown_files",
                    {{"count", count},
                     {"words", names + (count > unknown_named_max ? " …" : "") +
                                   ": the ledger has these numbers as done, refused, or not at all. Move them to the "
                                   "inbox to have them read as new files, or away"}});
}

ledger_progress progress_of(ledger::store& s) {
    return {s.duties().meta(ledger::generation_meta, 0), s.newest_mark(), s.files().newest(),
            std::max(s.attempts().newest_id(), s.duties().meta(ledger::attempt_floor, 0))};
}

// If no time is on record, as in a new ledger: the newest time in it, otherwise that of what is in the folders,
// otherwise now, because then there is nothing to lose.
base::wall_time find_proven(ledger::store& s, const config::folders& paths, const traces& found, base::wall_time now) {
    if (const std::int64_t known = s.duties().meta(proven_meta, 0); known != 0) return base::from_unix_ms(known);
    base::wall_time newest = s.old().newest_time();
    if (newest == base::wall_time{} && found.newest_arrival != 0) newest = newest_change(paths);
    return newest == base::wall_time{} ? now : std::min(newest, now);
}

// Ends the pause of a ledger with lost commits, after an operator has removed the file `generation`.
void resume_accepted(ledger::store& s) {
    const std::string reason(delivery::name(delivery::pause_reason::operator_));
    for (const ledger::stored_pause& pause : s.duties().pauses())
        if (pause.reason == reason && pause.words.starts_with(lost_words)) s.duties().remove_pause(reason);
}

void pause_for_operator(ledger::store& s, std::string words, base::wall_time now) {
    ledger::stored_pause pause;
    pause.reason = delivery::name(delivery::pause_reason::operator_);
    pause.since = now;
    pause.words = std::move(words);
    s.duties().put(pause);
}

// True: the ledger was not closed. Its log may have lost pages, or belong to another ledger, and SQLite compares none
// of that. (SQLite removes the log of an empty file by itself.)
std::uint64_t size_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}
bool has_log(const std::string& ledger) { return size_of(ledger) > 0 && size_of(ledger + "-wal") > 0; }

// Gives the number of open files that do not add up.
base::result<std::size_t> check_before_opening(const std::string& ledger, bool crashed,
                                               const std::function<void()>& working) {
    if (size_of(ledger) == 0 || size_of(ledger) > checked_bytes_max) return std::size_t{0};
    if (crashed) return ledger::check_after_crash(ledger, working);
    if (const auto checked = ledger::check_tables_alone(ledger, working); !checked) return checked.error();
    return std::size_t{0};
}

}  // namespace

base::result<std::unique_ptr<ledger::store>> check_and_open(const std::string& path) {
    if (const auto checked = ledger::check_ledger(path); !checked) return checked.error();
    return ledger::store::open(path);
}

base::result<opened_ledger> open_ledger(const config::settings& settings, const config::folders& paths,
                                        base::moment now) {
    const auto working = extend_start();
    progress_on_disk seen;
    const auto generation = ledger::read_generation(paths.state);
    if (!generation) return generation.error();
    seen.generation = *generation;
    auto record = ledger::newest_commit::open(paths.state);
    if (!record) return record.error();
    seen.commit = record->found();
    if (record->damaged())
        base::log_event(base::level::warn, "ledger.record_unreadable",
                        {{"words", "the file newest-commit beside the ledger cannot be read; it is written anew"}});
    if (const auto own = make_ledger_file(paths.ledger); !own) return own.error();
    const bool crashed = has_log(paths.ledger);
    const auto odd = check_before_opening(paths.ledger, crashed, working);
    if (!odd) return odd.error();
    auto store = ledger::store::open(paths.ledger, working);
    if (!store) return explain(store.error(), paths);
    opened_ledger opened;
    opened.store = std::move(*store);
    opened.newest_commit = std::move(*record);

    ledger_progress known = progress_of(*opened.store);
    const traces found = find_traces(paths, known.arrival, working);
    seen.arrival = found.newest_arrival;
    seen.attempt = found.newest_attempt;
    known.odd_files = *odd - std::min(*odd, static_cast<std::size_t>(opened.store->duties().meta(odd_files_known, 0)));
    const bool lost = !describe_lost(known, seen).empty();
    const std::int64_t start = std::max(known.generation, seen.generation.value_or(0)) + 1;
    std::string words;
    const auto accepted = opened.store->transact(
        [&](ledger::store& s) {
            if (!seen.generation && known.generation > 0) resume_accepted(s);
            if (lost) {
                words = accept_loss(s, found, known, seen, now.wall);
                pause_for_operator(s, words, now.wall);
            }
            opened.proven = find_proven(s, paths, found, now.wall);
            s.duties().put_meta(proven_meta, base::to_unix_ms(opened.proven));
            s.duties().put_meta(ledger::generation_meta, start);
        },
        std::max(known.commit, seen.commit.value_or(0)) + 1);
    if (!accepted) return explain(accepted.error(), paths);
    if (lost) base::log_event(base::level::error, "ledger.behind", {{"words", words}});

    base::result<void> settled;
    const auto recovered = opened.store->transact(
        [&](ledger::store& s) {
            settled = settle_claims(s, paths);
            opened.past = s.recover(now.wall, settings.retry.late_write_window);
            opened.open_files = s.files().open_files();
            for (const ledger::file_record& file : opened.open_files)
                if (file.state < ledger::file_state::read) s.standing().expect(file);
        },
        opened.store->newest_mark() + 1);
    if (!recovered) return explain(recovered.error(), paths);
    if (!settled) return settled.error();
    tell_unknown(found.processing, opened.open_files);
    opened.store->on_progress({});
    if (const auto counted = ledger::write_generation(paths.state, start); !counted) {
        if (counted.error().code != base::errc::no_space) return counted.error();
        base::log_event(
            base::level::warn, "ledger.not_recorded",
            {{"words", counted.error().message + ": until a start can write it, a ledger from a backup that "
                                                 "was taken since the last start is not noticed"}});
    }
    return opened;
}

}  // namespace consent_sync::service
