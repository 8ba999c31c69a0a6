#include "service/pipeline/grown_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "intake/arrival/claim.hpp"
#include "intake/arrival/inbox_rules.hpp"
#include "intake/sources.hpp"
#include "intake/format.hpp"

namespace consent_sync::service {
namespace {

struct file_place {
    int folder = -1;
    std::string name;
};

// Where the file may lie: it moves on when its reports are written.
std::array<file_place, 2> places_of(const ledger::file_record& file, const intake::work_folders& folders) {
    const file_place processing{folders.processing.get(), file.stored_name};
    if (file.state == ledger::file_state::refused)
        return {file_place{folders.refused.get(), intake::refused_name(file.arrival, file.name)}, processing};
    return {processing, file_place{folders.done.get(), intake::finished_name(file.arrival, file.name)}};
}

std::optional<file_stamp> stamp_of(const struct stat& found) {
    if (!S_ISREG(found.st_mode)) return std::nullopt;
    return file_stamp{static_cast<std::uint64_t>(found.st_size),
                      std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

std::optional<file_stamp> stamp_in(const file_place& place) {
    struct stat found {};
    if (::fstatat(place.folder, place.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    return stamp_of(found);
}

base::result<base::unique_fd> open_one_of(const std::array<file_place, 2>& places) {
    for (const file_place& place : places) {
        base::unique_fd open(
            ::openat(place.folder, place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
        if (open) return open;
        if (errno != ENOENT) return base::system_error("open", place.name, errno);
    }
    return base::error{base::errc::not_found, "the file is gone"};
}

// Where the rows begin that were not read. A last row without a line end was read as it stood: it is read again if its
// line went on.
std::uint64_t find_start(int fd, const ledger::file_record& file) {
    if (file.open_row == 0) return file.read_offset;
    const auto kind = intake::parse_format(file.name);
    char next = 0;
    const bool plain = kind && !kind->gzip;
    const bool line_ended =
        plain && ::pread(fd, &next, 1, static_cast<off_t>(file.read_offset)) == 1 && (next == '\n' || next == '\r');
    return line_ended ? file.read_offset : file.open_row;
}

bool has_no_second_names(int errnum) {
    return errnum == EPERM || errnum == EOPNOTSUPP || errnum == ENOSYS || errnum == EMLINK;
}

}  // namespace

std::vector<changed_file> find_changed(const std::vector<ledger::file_record>& files,
                                       const intake::work_folders& folders) {
    std::vector<changed_file> changed;
    for (const ledger::file_record& file : files) {
        std::optional<file_stamp> now;
        for (const file_place& place : places_of(file, folders))
            if (!now) now = stamp_in(place);
        if (now && *now != file_stamp{file.size, file.modified_ns}) changed.push_back({file, *now});
    }
    return changed;
}

base::result<what_changed> compare_content(const changed_file& changed, const intake::work_folders& folders,
                                           const std::atomic<bool>& stop) {
    using kind = what_changed::kind;
    const ledger::file_record& file = changed.file;
    const auto open = open_one_of(places_of(file, folders));
    if (!open) return open.error();
    if (changed.now.size == 0) return what_changed{kind::removed, 0};
    // Of a refused file nothing was read, and it may have been refused before its content was known.
    if (file.state == ledger::file_state::refused)
        return changed.now.size == file.size ? what_changed{} : what_changed{kind::rewritten, 0};
    if (changed.now.size < file.size) return what_changed{kind::rewritten, 0};
    const auto first_part = intake::hash_file(open->get(), &stop, file.size);
    if (!first_part) return first_part.error();
    if (*first_part != file.sha256) return what_changed{kind::rewritten, 0};
    if (changed.now.size == file.size) return what_changed{};
    return what_changed{kind::appended, find_start(open->get(), file)};
}

base::result<void> continue_in_processing(const ledger::file_record& file, const ledger::file_record& next,
                                          const intake::work_folders& folders) {
    const int processing = folders.processing.get();
    int failed = ENOENT;
    for (const file_place& place : places_of(file, folders)) {
        if (::linkat(place.folder, place.name.c_str(), processing, next.stored_name.c_str(), 0) == 0 ||
            errno == EEXIST)  // a crash came behind it: the number was given to nothing else
            return intake::sync_moves(std::array{processing});
        failed = errno;
        if (has_no_second_names(failed) && place.folder != processing) {
            if (const auto moved = intake::move_file(place.folder, place.name, processing, next.stored_name); !moved)
                return moved.error();
            return intake::sync_moves(std::array{processing, place.folder});
        }
        if (failed != ENOENT) break;
    }
    if (failed == ENOENT) return base::error{base::errc::not_found, "the file is gone"};
    if (has_no_second_names(failed))
        return base::error{base::errc::busy,
                           "the file system has no hard links: reading goes on when the file is done"};
    return base::system_error("give a second name to", file.stored_name, failed);
}

std::vector<changed_file> grown_files::due(std::vector<changed_file> found, base::steady_time now,
                                           base::milliseconds settle) {
    std::map<consent::arrival_number, change> still_known;
    std::vector<changed_file> all_due;
    for (changed_file& each : found) {
        const auto before = known_.find(each.file.arrival);
        change c = before != known_.end() ? before->second : change{each.now, now, now, {}};
        if (c.last != each.now) {
            if (c.told == c.last) c.first_seen = now;  // it changes anew
            c.last = each.now;
            c.still_since = now;
        }
        const bool ready = now >= c.still_since + settle || now >= c.first_seen + settle * intake::unfinished_factor;
        const bool told = c.told == each.now;
        still_known.emplace(each.file.arrival, c);
        if (ready && !told) all_due.push_back(std::move(each));
    }
    known_ = std::move(still_known);
    std::reverse(all_due.begin(), all_due.end());  // the oldest first
    return all_due;
}

bool grown_files::any_waits() const {
    return std::any_of(known_.begin(), known_.end(),
                       [](const auto& each) { return each.second.told != each.second.last; });
}

}  // namespace consent_sync::service
