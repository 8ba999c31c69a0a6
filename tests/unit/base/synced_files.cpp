#include "unit/base/synced_files.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace consent_sync::base {
namespace {

thread_local synced_files* watching = nullptr;

}  // namespace

synced_files::synced_files() {
    if (watching != nullptr) throw std::logic_error("one object at a time watches a thread");
    watching = this;
}

synced_files::~synced_files() { watching = nullptr; }

void synced_files::note(int fd) {
    std::error_code failed;
    paths_.push_back(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), failed).string());
}

}  // namespace consent_sync::base

// Replace those of the C library in this program.
extern "C" int fsync(int fd) {
    if (auto* const watching = consent_sync::base::watching) watching->note(fd);
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int fdatasync(int fd) {
    if (auto* const watching = consent_sync::base::watching) watching->note(fd);
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}
