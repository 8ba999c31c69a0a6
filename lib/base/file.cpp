#include "base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <functional>
#include <system_error>

namespace consent_sync::base {
namespace {

constexpr std::size_t name_max = 255;  // in ext4, XFS, Btrfs, tmpfs, NFS

std::string temporary_name(const std::string& name) {
    std::string plain = "." + name + ".tmp";
    if (plain.size() <= name_max) return plain;
    return fmt::format(".{:016x}.tmp", std::hash<std::string>()(name));
}

int write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
}

// The errno of the first call that failed; 0 if none did. NFS reports a full disk in close().
int write_and_close(unique_fd fd, std::string_view bytes, mode_t mode) {
    if (::fchmod(fd.get(), mode) != 0) return errno;
    if (const int failed = write_all(fd.get(), bytes)) return failed;
    if (::fsync(fd.get()) != 0) return errno;
    return ::close(fd.release()) != 0 && errno != EINTR ? errno : 0;
}

}  // namespace

void unique_fd::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

namespace {

// What a person can do about the error; empty: the message is clear, or nothing can be done.
std::string_view remedy(int errnum) {
    switch (errnum) {
        case EACCES:
        case EPERM: return "; give the service's user access to it (under systemd also: ReadWritePaths=)";
        case EROFS: return "; mount it writable, or name it in ReadWritePaths= of the unit";
        case ENOSPC:
        case EDQUOT: return "; make room on the disk";
        case EMFILE:
        case ENFILE: return "; too many files are open: raise LimitNOFILE=";
        case EIO: return "; check the disk and the kernel's log";
        case ENAMETOOLONG: return "; use a shorter path";
        default: return "";
    }
}

}  // namespace

error system_error(std::string_view what, std::string_view path, int errnum) {
    errc code = errc::io;
    if (errnum == ENOSPC || errnum == EDQUOT) code = errc::no_space;
    if (errnum == ENOENT) code = errc::not_found;
    return error{
        code, fmt::format("cannot {} {}: {}{}", what, path, std::generic_category().message(errnum), remedy(errnum))};
}

std::string join_path(std::string_view folder, std::string_view name) {
    std::string path(folder);
    if (!path.empty() && path.back() != '/') path += '/';
    path += name;
    return path;
}

result<unique_fd> open_folder(const std::string& path) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return system_error("open the folder", path, errno);
    return fd;
}

result<void> sync_folder(int folder, std::string_view path_for_errors) {
    if (::fsync(folder) != 0 && errno != EINVAL) return system_error("sync the folder", path_for_errors, errno);
    return {};
}

result<void> sync_folder(const std::string& path) {
    auto fd = open_folder(path);
    if (!fd) return fd.error();
    return sync_folder(fd->get(), path);
}

result<void> write_file_atomically(const std::string& folder, const std::string& name, std::string_view bytes,
                                   mode_t mode, folder_sync sync) {
    auto opened = open_folder(folder);
    if (!opened) return opened.error();
    return write_file_atomically(opened->get(), folder, name, bytes, mode, sync);
}

result<void> write_file_atomically(int at, std::string_view folder, const std::string& name, std::string_view bytes,
                                   mode_t mode, folder_sync sync) {
    const std::string temporary = temporary_name(name);
    // Removes what a crash left behind. After that O_EXCL refuses any file that another program puts there.
    if (::unlinkat(at, temporary.c_str(), 0) != 0 && errno != ENOENT) {
        return system_error("remove", join_path(folder, temporary), errno);
    }
    unique_fd fd(::openat(at, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return system_error("create", join_path(folder, temporary), errno);
    int failed = write_and_close(std::move(fd), bytes, mode);
    std::string_view what = "write";
    if (failed == 0 && ::renameat(at, temporary.c_str(), at, name.c_str()) != 0) {
        failed = errno;
        what = "rename a finished file to";
    }
    if (failed != 0) {
        ::unlinkat(at, temporary.c_str(), 0);
        return system_error(what, join_path(folder, name), failed);
    }
    if (sync == folder_sync::later) return {};
    return sync_folder(at, folder);
}

result<std::string> read_small_file(const std::string& path, std::size_t most) {
    // O_NONBLOCK: a FIFO in place of the file must not block the daemon.
    const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return system_error("open", path, errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return system_error("stat", path, errno);
    if (!S_ISREG(status.st_mode)) return error{errc::invalid_input, path + " is not a regular file"};
    std::string bytes(most + 1, '\0');  // one byte more than allowed shows that the file is larger
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t n = ::read(fd.get(), bytes.data() + filled, bytes.size() - filled);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_error("read", path, errno);
        if (n == 0) break;
        filled += static_cast<std::size_t>(n);
    }
    if (filled > most) {
        return error{errc::invalid_input, fmt::format("{} is larger than the allowed {} bytes", path, most)};
    }
    bytes.resize(filled);
    return bytes;
}

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
                                   " is a link in place of a folder, and is not followed: remove the link and put the "
                                   "folder back"};
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
