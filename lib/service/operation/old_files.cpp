#include "service/operation/old_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "base/time_text.hpp"

namespace consent_sync::service {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t looked_at_max = 100'000;  // names in one step: a stat each

base::error failure(const char* what, const std::string& path, const std::error_code& why) {
    return base::system_error(what, path, why.value());
}

bool is_day(const std::string& name) {
    return name.size() == 10 && name.find_first_not_of("0123456789-") == std::string::npos && name[4] == '-' &&
           name[7] == '-';
}

// What a day's folder is called while it goes.
constexpr std::string_view going_suffix = ".old";

bool is_going(const std::string& name) {
    return name.starts_with('.') && name.ends_with(going_suffix) &&
           is_day(name.substr(1, name.size() - 1 - going_suffix.size()));
}

// A day gets another name before the first of its files goes: whoever writes reports finds it whole or not at all.
base::result<fs::path> hide_day(const fs::path& day) {
    fs::path hidden = day.parent_path() / ('.' + day.filename().string() + std::string(going_suffix));
    std::error_code failed;
    fs::rename(day, hidden, failed);
    if (failed) return failure("rename the folder", day.string(), failed);
    return hidden;
}

// Removes at most `most` entries below `folder`, and the folder when it is empty.
base::result<void> remove_below(const fs::path& folder, std::size_t most, removed_files& removed) {
    std::vector<fs::path> inner;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end && inner.size() + removed.files < most;
         at.increment(failed))
        inner.push_back(at->path());
    if (failed) return failure("list the folder", folder.string(), failed);
    for (const fs::path& path : inner) {
        if (fs::is_directory(fs::symlink_status(path, failed))) {
            if (const auto done = remove_below(path, most, removed); !done) return done;
        } else {
            fs::remove(path, failed);
            if (failed) return failure("remove", path.string(), failed);
            ++removed.files;
        }
        if (removed.files >= most) {
            removed.more = true;
            return {};
        }
    }
    fs::remove(folder, failed);
    if (failed) return failure("remove", folder.string(), failed);
    ++removed.files;
    return {};
}

// Nothing: it is no regular file, or gone.
std::optional<bool> is_old_file(const fs::path& path, base::wall_time before) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
    return found.st_ctim.tv_sec < base::to_unix_ms(before) / 1'000;
}

// The day of `before` has not ended before it.
std::optional<bool> is_old_day(const fs::directory_entry& entry, base::wall_time before) {
    const std::string name = entry.path().filename().string();
    std::error_code failed;
    if (!is_day(name) || !fs::is_directory(entry.symlink_status(failed))) return std::nullopt;
    return name < base::format_date(before);
}

template <class IsOld>
base::result<old_share> count_old(const std::string& folder, const IsOld& is_old) {
    if (const auto real = base::open_real_folder(folder); !real) return real.error();
    old_share share;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
        const std::optional<bool> old = is_old(*at);
        share.all += old.has_value();
        share.old += old.value_or(false);
    }
    if (failed) return failure("list the folder", folder, failed);
    return share;
}

}  // namespace

base::result<old_share> count_old_files(const std::string& folder, base::wall_time before) {
    return count_old(folder, [before](const fs::directory_entry& entry) { return is_old_file(entry.path(), before); });
}

base::result<old_share> count_old_days(const std::string& reports, base::wall_time before) {
    return count_old(reports, [before](const fs::directory_entry& entry) { return is_old_day(entry, before); });
}

base::wall_time newest_change(const config::folders& paths) {
    std::int64_t newest = 0;
    for (const std::string* const folder : {&paths.done, &paths.refused, &paths.reports}) {
        std::error_code failed;
        for (fs::directory_iterator at(*folder, failed), end; !failed && at != end; at.increment(failed)) {
            struct stat found {};
            if (::lstat(at->path().c_str(), &found) == 0) newest = std::max<std::int64_t>(newest, found.st_ctim.tv_sec);
        }
    }
    return base::from_unix_ms(newest * 1'000);
}

base::result<removed_files> remove_old_files(const std::string& folder, base::wall_time before, std::size_t most) {
    const auto real = base::open_real_folder(folder);
    if (!real) return real.error();
    removed_files removed;
    std::vector<std::string> names;
    std::error_code failed;
    std::size_t looked_at = 0;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end && looked_at < looked_at_max;
         at.increment(failed), ++looked_at) {
        if (!is_old_file(at->path(), before).value_or(false)) continue;
        if (names.size() == most) {
            removed.more = true;
            break;
        }
        names.push_back(at->path().filename().string());
    }
    if (failed) return failure("list the folder", folder, failed);
    for (const std::string& name : names) {
        if (::unlinkat(real->get(), name.c_str(), 0) != 0 && errno != ENOENT)
            return base::system_error("remove", base::join_path(folder, name), errno);
        ++removed.files;
    }
    return removed;
}

base::result<removed_files> remove_old_days(const std::string& reports, base::wall_time before, std::size_t most) {
    if (const auto real = base::open_real_folder(reports); !real) return real.error();
    removed_files removed;
    std::vector<fs::path> days, going;
    std::error_code failed;
    for (fs::directory_iterator at(reports, failed), end; !failed && at != end; at.increment(failed)) {
        if (is_going(at->path().filename().string()) && fs::is_directory(at->symlink_status()))
            going.push_back(at->path());
        if (is_old_day(*at, before).value_or(false)) days.push_back(at->path());
    }
    if (failed) return failure("list the folder", reports, failed);
    std::sort(days.begin(), days.end());
    std::sort(going.begin(), going.end());
    for (const auto& [all, hide] : {std::pair(&going, false), std::pair(&days, true)})
        for (const fs::path& day : *all) {
            const auto hidden = hide ? hide_day(day) : base::result<fs::path>(day);
            if (!hidden) return hidden.error();
            if (const auto done = remove_below(*hidden, most, removed); !done) return done.error();
            if (removed.files >= most) {
                removed.more = true;
                return removed;
            }
        }
    return removed;
}

}  // namespace consent_sync::service
