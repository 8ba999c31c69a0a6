// An open file of the operating system, closed by its one owner.
#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"

namespace consent_sync::intake {

class file_descriptor {
  public:
    file_descriptor() = default;
    explicit file_descriptor(int fd) : fd_(fd) {}
    ~file_descriptor();
    file_descriptor(file_descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    file_descriptor& operator=(file_descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    int get() const { return fd_; }

  private:
    int fd_ = -1;
};

// For reading, never through a symbolic link. Errors: not_found, io.
base::result<file_descriptor> open_for_reading(const std::string& path);

// "reading failed: Input/output error": what the operating system says about `errno`.
base::error system_error(const char* call, int number);

}  // namespace consent_sync::intake
