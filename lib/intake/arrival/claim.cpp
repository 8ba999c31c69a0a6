#include "intake/arrival/claim.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.hpp"
#include "base/utf8.hpp"
#include "intake/arrival/watch_folder.hpp"

namespace consent_sync::intake {
namespace {

constexpr std::size_t extension_max = 16;  // of a name that is cut: ".ndjson.gz" and what people invent

// Where the extension begins that a cut leaves whole.
std::size_t extension_start(std::string_view name) {
    const std::size_t known = known_extension(name).size();
    if (known > 0) return name.size() - known;
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos || name.size() - dot > extension_max ? name.size() : dot;
}

// renameat2 without overwriting, also where the file system does not know the flag (NFS, old kernels): there
// the target is looked for first. That leaves no race, for only this process writes to the folders that files
// are moved to.
int rename_without_overwriting(int from_folder, const std::string& from, int to_folder, const std::string& to) {
    if (::renameat2(from_folder, from.c_str(), to_folder, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    struct stat status {};
    if (::fstatat(to_folder, to.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
    if (errno != ENOENT) return errno;
    return ::renameat(from_folder, from.c_str(), to_folder, to.c_str()) == 0 ? 0 : errno;
}

base::error two_files(const std::string& from, const std::string& to) {
    return {base::errc::corrupt, fmt::format("cannot move {} to {}: another file is there already; nothing was "
                                             "overwritten, move one of them away by hand",
                                             from, to)};
}

base::error lost(const std::string& from, const std::string& to) {
    return {base::errc::not_found, fmt::format("{} is gone, and {} is not there either", from, to)};
}

// Requires: the rename has happened. The open file tells the truth: no name can be exchanged under it.
base::result<std::optional<observation>> look_at_claimed(int processing, const std::string& name) {
    auto seen = find_in(processing, name, look::at_status_and_readability);
    if (seen && *seen && (*seen)->kind != file_kind::regular) return std::optional<observation>();
    return seen;
}

}  // namespace

std::string processing_name(consent::arrival_number arrival, std::string_view original) {
    return consent::format_file_id(arrival) + known_extension(original);
}

std::string finished_name(consent::arrival_number arrival, std::string_view original, std::size_t most) {
    std::string name = consent::format_file_id(arrival) + '-' + std::string(original);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '/' || c == '\0'; }, '_');
    if (name.size() <= most) return name;
    const std::string extension = name.substr(extension_start(name));
    const std::size_t stem = most - std::min(most, extension.size());
    return std::string(base::cut_utf8(name, stem)) + extension;
}

base::result<void> move_file(int from_folder, const std::string& from, int to_folder, const std::string& to) {
    const int failed = rename_without_overwriting(from_folder, from, to_folder, to);
    if (failed == 0) return {};
    if (failed == EXDEV) {
        return base::error{base::errc::io,
                           fmt::format("cannot move {} to {}: the folders are on different file systems", from, to)};
    }
    if (failed != ENOENT && failed != EEXIST) return base::system_error("move to " + to + " the file", from, failed);
    const auto from_seen = find_in(from_folder, from, look::at_status);
    const auto to_seen = find_in(to_folder, to, look::at_status);
    if (!from_seen) return from_seen.error();
    if (!to_seen) return to_seen.error();
    const auto& here = *from_seen;
    const auto& there = *to_seen;
    if (!here) return there ? base::result<void>() : lost(from, to);
    if (!there) return base::system_error("move to " + to + " the file", from, failed);
    if (here->identity != there->identity) return two_files(from, to);
    // Two names of one file: a network file system lost the answer to a rename that it made of link and
    // unlink.
    if (::unlinkat(from_folder, from.c_str(), 0) != 0 && errno != ENOENT)
        return base::system_error("remove", from, errno);
    return {};
}

base::result<claimed_file> claim_file(int inbox, const std::string& name, std::optional<file_identity> seen,
                                      int processing, consent::arrival_number arrival) {
    const std::string to = processing_name(arrival, name);
    const auto changed = [&] {
        return base::error{
            base::errc::busy,
            fmt::format("{} in the inbox is another file than the one that was seen; it is looked at again", name)};
    };
    const auto inbox_seen = find_in(inbox, name, look::at_status);
    const auto processing_seen = find_in(processing, to, look::at_status);
    if (!inbox_seen) return inbox_seen.error();
    if (!processing_seen) return processing_seen.error();
    const auto& here = *inbox_seen;
    const auto& there = *processing_seen;
    if (!here && !there) return lost(name, to);
    if (!there) {
        if (here->kind != file_kind::regular || (seen && here->identity != *seen)) return changed();
    }
    // With a file in processing under this arrival number the claim was made; what has the name now is a
    // newer one.
    const bool claimed_before = there && (!here || here->identity != there->identity);
    if (!claimed_before) {
        if (const auto moved = move_file(inbox, name, processing, to); !moved) return moved.error();
    }
    const auto looked = look_at_claimed(processing, to);
    if (!looked) return looked.error();
    const auto& claimed = *looked;
    if (claimed && (claimed_before || !seen || claimed->identity == *seen)) {
        return claimed_file{to, claimed->identity, claimed->size, claimed->mtime_ns};
    }
    // Exchanged between look and rename. It goes back, so that it is looked at like any other.
    if (const auto back = move_file(processing, to, inbox, name); !back) return back.error();
    return changed();
}

base::result<std::string> finish_file(int processing, consent::arrival_number arrival, const std::string& original,
                                      int done) {
    std::string to = finished_name(arrival, original);
    const auto moved = move_file(processing, processing_name(arrival, original), done, to);
    if (!moved) return moved.error();
    return to;
}

base::result<void> sync_moves(std::span<const int> folders) {
    for (const int folder : folders) {
        if (const auto synced = base::sync_folder(folder, "of moved files"); !synced) return synced.error();
    }
    return {};
}

}  // namespace consent_sync::intake
