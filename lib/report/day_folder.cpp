#include "report/day_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "report/output_file.hpp"
#include "report/text.hpp"

namespace consent_sync::report {
namespace {

namespace fs = std::filesystem;

base::result<void> make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), report_folder_mode) != 0) {
        if (errno == EEXIST) return {};
        return base::system_error("make the folder", path, errno);
    }
    if (::chmod(path.c_str(), report_folder_mode) != 0)  // whatever the umask
        return base::system_error("set the mode of", path, errno);
    return {};
}

base::result<std::uint64_t> length_of(int fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return base::system_error("look at", path, errno);
    return static_cast<std::uint64_t>(status.st_size);
}

base::result<void> remove_folder(const fs::path& path) {
    std::error_code failed;
    fs::remove_all(path, failed);
    if (failed) return base::system_error("remove", path.string(), failed.value());
    return {};
}

// The number of the file whose hidden folder this is; 0: it is not one of ours.
consent::arrival_number arrival_of_hidden(const std::string& name) {
    if (!name.starts_with('.') || !name.ends_with(".tmp")) return 0;
    return arrival_of_folder(name.substr(1, name.size() - 5) + '-');
}

}  // namespace

day_folder::day_folder(std::string root, std::string day)
    : root_(std::move(root)), path_(base::join_path(root_, day)) {}

base::result<void> day_folder::check() const {
    if (const auto root = base::open_real_folder(root_); !root) return root.error();
    const auto day = base::open_real_folder(path_);
    if (!day && day.error().code != base::errc::not_found) return day.error();
    return {};
}

bool day_folder::exists() const { return ::access(path_.c_str(), F_OK) == 0; }

base::result<std::uint64_t> day_folder::prepare(const std::string& file) const {
    if (const auto real = check(); !real) return real.error();
    if (const auto made = make_folder(path_); !made) return made.error();
    if (const auto synced = base::sync_folder(root_); !synced) return synced.error();
    const auto length = append(file, {});
    if (!length) return length.error();
    if (const auto synced = sync(); !synced) return synced.error();
    return *length;
}

base::result<std::uint64_t> day_folder::cut(const std::string& file, std::uint64_t length) const {
    if (const auto real = check(); !real) return real.error();
    const std::string path = base::join_path(path_, file);
    const base::unique_fd fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return base::system_error("open", path, errno);
    const auto found = length_of(fd.get(), path);
    if (!found || *found <= length) return found;
    if (::ftruncate(fd.get(), static_cast<off_t>(length)) != 0) return base::system_error("cut", path, errno);
    return length;
}

base::result<std::uint64_t> day_folder::append(const std::string& file, std::string_view lines) const {
    if (const auto real = check(); !real) return real.error();
    const std::string path = base::join_path(path_, file);
    constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    const base::unique_fd fd(::open(path.c_str(), flags, 0600));
    if (!fd) return base::system_error("open", path, errno);
    if (::fchmod(fd.get(), report_file_mode) != 0) return base::system_error("set the mode of", path, errno);
    if (const auto written = write_all(fd.get(), lines, path); !written) return written.error();
    if (::fsync(fd.get()) != 0) return base::system_error("sync", path, errno);
    return length_of(fd.get(), path);
}

std::string day_folder::hidden_path(consent::arrival_number arrival) const {
    return base::join_path(path_, '.' + consent::format_file_id(arrival) + ".tmp");
}

base::result<std::string> day_folder::make_hidden(consent::arrival_number arrival) const {
    if (const auto real = check(); !real) return real.error();
    std::string path = hidden_path(arrival);
    if (const auto removed = remove_folder(path); !removed) return removed.error();
    if (const auto made = make_folder(path); !made) return made.error();
    return path;
}

base::result<void> day_folder::publish(consent::arrival_number arrival, const std::string& name) const {
    if (const auto real = check(); !real) return real.error();
    const std::string hidden = hidden_path(arrival);
    const std::string final_path = base::join_path(path_, name);
    if (const auto removed = remove_folder(final_path); !removed) return removed.error();
    if (::rename(hidden.c_str(), final_path.c_str()) != 0)
        return base::system_error("rename a finished folder to", final_path, errno);
    return {};
}

base::result<void> day_folder::sync_content() const {
    auto fd = base::open_folder(path_);
    if (!fd) return fd.error();
    if (::syncfs(fd->get()) != 0) return base::system_error("sync the file system of", path_, errno);
    return {};
}

base::result<void> day_folder::sync() const { return base::sync_folder(path_); }

base::result<void> day_folder::remove_leftovers(const std::function<bool(consent::arrival_number)>& unfinished) const {
    if (const auto real = check(); !real) return real.error();
    std::error_code failed;
    std::vector<fs::path> leftovers;
    for (fs::directory_iterator at(path_, failed), end; !failed && at != end; at.increment(failed)) {
        const std::string name = at->path().filename().string();
        const consent::arrival_number arrival = arrival_of_folder(name);
        if (arrival_of_hidden(name) != 0 || (arrival != 0 && unfinished(arrival))) leftovers.push_back(at->path());
    }
    if (failed == std::errc::no_such_file_or_directory) return {};
    if (failed) return base::system_error("list the folder", path_, failed.value());
    for (const fs::path& path : leftovers)
        if (const auto removed = remove_folder(path); !removed) return removed.error();
    return {};
}

}  // namespace consent_sync::report
