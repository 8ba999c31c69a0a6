#include "observe/surroundings.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.hpp"
#include "intake/arrival/claim_folders.hpp"
#include "intake/arrival/inbox_rules.hpp"
#include "intake/arrival/watch_folder.hpp"

namespace consent_sync::observe {
namespace {

namespace fs = std::filesystem;

std::uint64_t size_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

std::optional<std::uint64_t> free_bytes(const std::string& path) {
    struct statvfs found {};
    if (::statvfs(path.c_str(), &found) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

template <class Counts>
std::optional<std::uint64_t> count(const std::string& folder, Counts counts) {
    std::error_code failed;
    std::uint64_t files = 0;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
        files += counts(at->path().filename().string());
    if (failed) return std::nullopt;
    return files;
}

// Some file systems do not count inodes.
bool has_no_inode(const std::string& path) {
    struct statvfs found {};
    return ::statvfs(path.c_str(), &found) == 0 && found.f_files != 0 && found.f_favail == 0;
}

std::string join(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& part : parts)
        if (!part.empty()) all += (all.empty() ? "" : " · ") + part;
    return all;
}

}  // namespace

std::string describe_shortage(const config::folders& paths) {
    std::string where;
    for (const std::string* const folder : {&paths.state, &paths.inbox})
        if (has_no_inode(*folder)) where += (where.empty() ? "" : " and in ") + *folder;
    if (where.empty()) return {};
    return "no file can be made in " + where +
           ": its file system has no free inode (df -i). Sending continues; reports and everything else that needs a new file wait: remove "
           "files that are not needed";
}

surroundings look_around(const config::folders& paths) {
    surroundings s;
    s.ledger_bytes = size_of(paths.ledger) + size_of(paths.ledger + "-wal");
    s.disk_free_bytes = free_bytes(paths.state);
    std::vector<std::string> troubles = {describe_shortage(paths)};
    const auto inbox = intake::may_be_inbox(paths.inbox, intake::inbox_may_be_link(paths));
    if (inbox)
        s.inbox_files = count(paths.inbox, [](const std::string& name) { return !intake::is_left_alone(name); });
    else if (inbox.error().code != base::errc::not_found)
        troubles.push_back(inbox.error().message);
    for (const std::string* const folder : {&paths.processing, &paths.done, &paths.refused, &paths.reports}) {
        const auto real = base::open_real_folder(*folder);
        if (!real && real.error().code != base::errc::not_found) troubles.push_back(real.error().message);
    }
    s.trouble = join(troubles);
    return s;
}

std::optional<process_use> look_at_process() {
    process_use use;
    rusage times{};
    if (::getrusage(RUSAGE_SELF, &times) != 0) return std::nullopt;
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    use.cpu_seconds = seconds(times.ru_utime) + seconds(times.ru_stime);
    std::uint64_t all_pages = 0, resident_pages = 0;
    std::ifstream("/proc/self/statm") >> all_pages >> resident_pages;
    use.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    use.open_fds = count("/proc/self/fd", [](const std::string&) { return true; }).value_or(0);
    rlimit most{};
    if (::getrlimit(RLIMIT_NOFILE, &most) == 0) use.max_fds = most.rlim_cur;
    if (use.resident_bytes == 0 || use.open_fds == 0) return std::nullopt;  // no /proc here
    return use;
}

}  // namespace consent_sync::observe
