#include "ledger/state_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace consent_sync::ledger {

base::result<state_lock> state_lock::take(const std::string& state_dir) {
    const std::string path = base::join_path(state_dir, "lock");
    base::unique_fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!file) return base::system_error("open", path, errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        char owner[32] = {};
        const ssize_t got = ::pread(file.get(), owner, sizeof owner - 1, 0);
        return base::error{base::errc::busy, "another consent-sync (process " +
                                                 std::string(got > 0 ? owner : "unknown") + ") works on " + state_dir +
                                                 ": stop it first, or give this one a state_dir of its own"};
    }
    const std::string id = std::to_string(::getpid());
    if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), id.data(), id.size(), 0) < 0)
        return base::system_error("write", path, errno);
    return state_lock(std::move(file));
}

}  // namespace consent_sync::ledger
