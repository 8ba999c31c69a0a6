#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "intake/byte_source.hpp"

namespace consent_sync::intake {
namespace {

class file_source final : public byte_source {
  public:
    explicit file_source(base::unique_fd file) : file_(std::move(file)) {
        ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // only advice
    }

    base::result<std::size_t> read(std::span<char> into) override {
        for (;;) {  // pread: whoever shares the open file keeps its own place
            const ssize_t got = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset_));
            if (got >= 0) {
                offset_ += static_cast<std::uint64_t>(got);
                return static_cast<std::size_t>(got);
            }
            if (errno != EINTR) return reading_error("reading the file", errno);
        }
    }

    base::result<bool> seek(std::uint64_t offset) override {
        struct stat status {};
        if (::fstat(file_.get(), &status) != 0) return reading_error("looking at the file", errno);
        if (offset > static_cast<std::uint64_t>(status.st_size))
            return base::error{base::errc::invalid_input,
                               "the file is shorter than it was: it has " + std::to_string(status.st_size) +
                                   " bytes and was already read up to byte " + std::to_string(offset)};
        offset_ = offset;
        return true;
    }

    std::optional<std::uint64_t> size() const override {
        struct stat status {};
        if (::fstat(file_.get(), &status) != 0) return std::nullopt;
        return static_cast<std::uint64_t>(status.st_size);
    }

    base::result<std::unique_ptr<byte_source>> again() const override {
        base::unique_fd same(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
        if (!same) return reading_error("opening the file once more", errno);
        return make_file_source(std::move(same));
    }

  private:
    base::unique_fd file_;
    std::uint64_t offset_ = 0;
};

}  // namespace

std::unique_ptr<byte_source> make_file_source(base::unique_fd file) {
    return std::make_unique<file_source>(std::move(file));
}

}  // namespace consent_sync::intake
