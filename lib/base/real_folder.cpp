#include "base/real_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace consent_sync::base {

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
    const std::string open = "/proc/self/fd/" + std::to_string(folder);
    return join_path(::access(open.c_str(), F_OK) == 0 ? open : folder_path, name);
}

}  // namespace consent_sync::base
