#include "intake/file_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace consent_sync::intake {

file_descriptor::~file_descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

base::result<file_descriptor> open_for_reading(const std::string& path) {
    // O_NONBLOCK keeps a FIFO that was put there from hanging the thread; it means nothing for a regular
    // file.
    const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return system_error("opening the file", errno);
    return file_descriptor(fd);
}

base::error system_error(const char* call, int number) {
    const base::errc code = number == ENOENT ? base::errc::not_found : base::errc::io;
    return base::error{code, std::string(call) + " failed: " + std::generic_category().message(number)};
}

}  // namespace consent_sync::intake
