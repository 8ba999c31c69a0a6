#include "ledger/state_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>

namespace consent_sync::ledger {
namespace {

// Who holds the lock of an open file, by the kernel's list: "1: FLOCK  ADVISORY  WRITE 4711 00:2f:1234 0 EOF". The
// device of some file systems is another one there; then, and for a process of another namespace (0), the id is not
// known.
std::string owner_of(int fd) {
    struct stat locked {};
    if (::fstat(fd, &locked) != 0) return {};
    const std::string place =
        fmt::format("{:02x}:{:02x}:{}", major(locked.st_dev), minor(locked.st_dev), locked.st_ino);
    std::ifstream list("/proc/locks");
    for (std::string line; std::getline(list, line);) {
        char words[5][64] = {};
        if (std::sscanf(line.c_str(), "%*s %63s %63s %63s %63s %63s", words[0], words[1], words[2], words[3],
                        words[4]) != 5)
            continue;
        if (words[0] == std::string("FLOCK") && words[4] == place && words[3] != std::string("0")) return words[3];
    }
    return {};
}

// What the daemon that holds it wrote into the file "lock".
std::string written_owner(const std::string& path) {
    auto text = base::read_small_file(path, 64);
    if (!text) return {};
    return text->substr(0, text->find_first_not_of("0123456789"));
}

base::error taken(const std::string& state_dir, const std::string& path, int fd) {
    std::string owner = owner_of(fd);
    if (owner.empty()) owner = written_owner(path);
    return {base::errc::busy, fmt::format("another consent-sync (process {}) works on {}: stop it first, or give this "
                                          "one a state_dir of its own",
                                          owner.empty() ? "unknown" : owner, state_dir)};
}

// Any user who may read the folder can lock it; a daemon that works on it runs as this user or as root.
bool is_of_another_user(const std::string& process) {
    if (process.empty()) return false;
    struct stat status {};
    if (::stat(("/proc/" + process).c_str(), &status) == 0) return status.st_uid != ::geteuid() && status.st_uid != 0;
    // /proc may hide the processes of others.
    return ::kill(static_cast<pid_t>(std::stol(process)), 0) != 0 && errno == EPERM;
}

bool is_full(int errnum) { return errnum == ENOSPC || errnum == EDQUOT; }

// Some network file systems cannot lock folders. (The ledger is not made for these.) Then only the file is locked.
bool cannot_lock_folders(int errnum) {
    return errnum == EBADF || errnum == EINVAL || errnum == ENOLCK || errnum == EOPNOTSUPP || errnum == ENOSYS;
}

}  // namespace

base::result<state_lock> state_lock::take(const std::string& state_dir) {
    const std::string path = base::join_path(state_dir, "lock");
    auto folder = base::open_folder(state_dir);
    if (!folder) return folder.error();
    bool folder_locked = true;
    if (::flock(folder->get(), LOCK_EX | LOCK_NB) != 0) {
        const bool held = errno == EWOULDBLOCK;
        if (held && !is_of_another_user(owner_of(folder->get()))) return taken(state_dir, path, folder->get());
        if (!held && !cannot_lock_folders(errno)) return base::system_error("lock the folder", state_dir, errno);
        folder_locked = false;
    }
    base::unique_fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
        if (folder_locked && is_full(errno)) return state_lock(std::move(*folder), {});
        return base::system_error("open", path, errno);
    }
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return taken(state_dir, path, file.get());
        return base::system_error("lock", path, errno);
    }
    ::fchmod(file.get(), 0600);  // who cannot open it cannot lock it; older versions let the group read it
    const std::string id = std::to_string(::getpid());
    const bool written = ::ftruncate(file.get(), 0) == 0 &&
                         ::pwrite(file.get(), id.data(), id.size(), 0) == static_cast<ssize_t>(id.size());
    if (!written && !is_full(errno)) return base::system_error("write", path, errno);
    return state_lock(std::move(*folder), std::move(file));
}

}  // namespace consent_sync::ledger
