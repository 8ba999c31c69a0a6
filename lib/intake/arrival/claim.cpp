#include "intake/arrival/claim.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <fmt/format.h>
#include <stdio.h>
#include <string_view>

#include "base/file.hpp"
#include "base/time_text.hpp"
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

constexpr std::string_view reason_ending = ".reason.json";
constexpr std::size_t name_max = 255 - reason_ending.size();
constexpr int same_name_max = 100'000;  // files of one name in refused/
constexpr mode_t reason_mode = 0640;

// A name that cannot be looked at counts as taken.
bool exists(int folder, const std::string& name) {
    const auto found = find_in(folder, name, look::at_status);
    return !found || found->has_value();
}

std::string reason_name(const std::string& name) { return name + std::string(reason_ending); }

// JSON is UTF-8, a name may be any bytes: those that are none become U+FFFD.
std::string to_utf8(std::string_view text) {
    std::string valid;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = base::utf8_length(text, at);
        valid += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(at, length);
        at += length == 0 ? 1 : length;
    }
    return valid;
}

// A name is free if neither it nor its reason belongs to another refused file. A reason without its file is
// the first half of a refusal that was cut, unless it is itself a refused file: then it has a reason of its
// own.
bool is_free(int folder, const std::string& name) {
    if (exists(folder, name)) return false;
    const std::string reason = reason_name(name);
    return !exists(folder, reason) || reason.size() > name_max || !exists(folder, reason_name(reason));
}

std::string wanted_name(const refusal& refused) {
    if (refused.file) return refused_name(*refused.file, refused.name);
    return std::string(base::cut_utf8(refused.name, name_max));
}

base::result<std::string> choose_name(int folder, const std::string& wanted) {
    if (is_free(folder, wanted)) return wanted;
    for (int i = 2; i <= same_name_max; ++i) {
        const std::string numbered = fmt::format("{}-{}", i, wanted);
        std::string name(base::cut_utf8(numbered, name_max));
        if (is_free(folder, name)) return name;
    }
    return base::error{base::errc::io,
                       fmt::format("refused/ holds {} files named {}: clear it", same_name_max, wanted)};
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

std::string refused_name(consent::arrival_number arrival, const std::string& original) {
    return finished_name(arrival, original, name_max);
}

std::string format_refusal(const refusal& refused) {
    boost::json::object json;
    json["name"] = to_utf8(refused.name);
    if (refused.file) json["file_id"] = consent::format_file_id(*refused.file);
    json["reason"] = to_utf8(refused.reason);
    json["how_to_fix"] = to_utf8(refused.how_to_fix);
    json["refused_at"] = base::format_time(refused.refused_at);
    return boost::json::serialize(json) + '\n';
}

base::result<std::string> refuse_file(int from, const refusal& refused, int refused_folder) {
    const std::string source = refused.file ? processing_name(*refused.file, refused.name) : refused.name;
    const std::string wanted = wanted_name(refused);
    const auto here = find_in(from, source, look::at_status);
    if (!here) return here.error();
    if (!*here) {
        // The rename is the last step, so a file that is there has its reason.
        const auto there = find_in(refused_folder, wanted, look::at_status);
        if (!there) return there.error();
        if (*there) return wanted;
        return base::error{base::errc::not_found,
                           fmt::format("{} is gone, and refused/{} is not there either", source, wanted)};
    }
    auto name = choose_name(refused_folder, wanted);
    if (!name) return name.error();
    const auto written = base::write_file_atomically(refused_folder, "refused", reason_name(*name),
                                                     format_refusal(refused), reason_mode, base::folder_sync::later);
    if (!written) return written.error();
    if (const auto moved = move_file(from, source, refused_folder, *name); !moved) return moved.error();
    return name;
}

}  // namespace consent_sync::intake
