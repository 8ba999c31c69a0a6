#include "base/real_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace consent_sync::base {
namespace {

const std::string open_folders = "/proc/self/fd/";

}  // namespace

result<unique_fd> open_real_folder(const std::string& path) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd) return fd;
    const int why = errno;
    struct stat found {};
    if (::lstat(path.c_str(), &found) == 0 && S_ISLNK(found.st_mode))
        return error{errc::io, path +
                                   " is a link where a folder belongs, and is not followed: remove the link and put "
                                   "the folder back"};
    return system_error("open the folder", path, why);
}

std::string path_in(int folder, const std::string& folder_path, const std::string& name) {
    const std::string open = open_folders + std::to_string(folder);
    return join_path(::access(open.c_str(), F_OK) == 0 ? open : folder_path, name);
}

std::string shown_path(const std::string& path) {
    const std::size_t end = path.rfind('/');
    if (!path.starts_with(open_folders) || end <= open_folders.size()) return path;
    std::string folder(PATH_MAX, '\0');
    const ssize_t length = ::readlink(path.substr(0, end).c_str(), folder.data(), folder.size());
    if (length <= 0) return path;
    folder.resize(static_cast<std::size_t>(length));
    return join_path(folder, path.substr(end + 1));
}

}  // namespace consent_sync::base
