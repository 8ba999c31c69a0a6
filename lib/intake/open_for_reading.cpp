#include "intake/open_for_reading.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>

namespace consent_sync::intake {

base::result<base::unique_fd> open_for_reading(const std::string& path) {
    // O_NONBLOCK keeps a FIFO that was put there from hanging the thread; it means nothing for a regular file.
    base::unique_fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!file) return reading_error("opening the file", errno);
    return file;
}

base::error reading_error(const char* call, int errnum) {
    const base::errc code = errnum == ENOENT ? base::errc::not_found : base::errc::io;
    return base::error{code, std::string(call) + " failed: " + std::generic_category().message(errnum)};
}

}  // namespace consent_sync::intake
