#include "report/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace consent_sync::report {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;

}  // namespace

base::result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return base::system_error("write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

base::result<output_file> output_file::create(const std::string& path) {
    base::unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return base::system_error("create", path, errno);
    if (::fchmod(fd.get(), report_file_mode) != 0) return base::system_error("set the mode of", path, errno);
    return output_file(path, std::move(fd));
}

base::result<void> output_file::flush_if_full() {
    if (text_.size() < buffer_bytes) return {};
    const auto written = write_all(fd_.get(), text_, path_);
    text_.clear();
    return written;
}

base::result<void> output_file::close() {
    if (const auto written = write_all(fd_.get(), text_, path_); !written) return written.error();
    text_.clear();
    if (::close(fd_.release()) != 0 && errno != EINTR) return base::system_error("close", path_, errno);
    return {};
}

}  // namespace consent_sync::report
