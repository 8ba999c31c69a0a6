#include "report/append_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace consent_sync::report {

append_mark append_mark::from_text(const std::string& text) {
    append_mark mark;
    const auto bar = text.rfind('|');
    if (bar == std::string::npos) return mark;
    mark.file = text.substr(0, bar);
    std::from_chars(text.data() + bar + 1, text.data() + text.size(), mark.length);
    return mark;
}

base::result<std::string> day_folder(const std::string& reports, const std::string& date) {
    const std::string folder = base::join_path(reports, date);
    if (::mkdir(folder.c_str(), 0750) == 0) {
        const auto synced = base::sync_folder(reports);
        if (!synced) return synced.error();
    } else if (errno != EEXIST) {
        return base::system_error("cannot make the folder", folder, errno);
    }
    return folder;
}

append_log::append_log(std::string reports, append_mark mark) : reports_(std::move(reports)), mark_(std::move(mark)) {}

base::result<append_mark> append_log::append(const std::string& date, const std::string& name,
                                             const std::string& lines) {
    const auto folder = day_folder(reports_, date);
    if (!folder) return folder.error();
    const std::string path = base::join_path(*folder, name);
    const base::unique_fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!file) return base::system_error("cannot open", path, errno);
    const append_mark here{date + "/" + name, mark_.file == date + "/" + name ? mark_.length : 0};
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return base::system_error("cannot look at", path, errno);
    const auto found = static_cast<std::uint64_t>(status.st_size);
    // Another day's file than the one the mark names holds only lines that the ledger counts as written.
    std::uint64_t at = mark_.file == here.file ? std::min(here.length, found) : found;
    if (at < found && ::ftruncate(file.get(), static_cast<off_t>(at)) != 0)
        return base::system_error("cannot cut", path, errno);
    std::string_view left = lines;
    while (!left.empty()) {
        const ssize_t written = ::pwrite(file.get(), left.data(), left.size(), static_cast<off_t>(at));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return base::system_error("cannot write", path, errno);
        left.remove_prefix(static_cast<std::size_t>(written));
        at += static_cast<std::uint64_t>(written);
    }
    if (::fsync(file.get()) != 0) return base::system_error("cannot sync", path, errno);
    if (found == 0) {
        const auto synced = base::sync_folder(*folder);
        if (!synced) return synced.error();
    }
    mark_ = {here.file, at};
    return mark_;
}

}  // namespace consent_sync::report
