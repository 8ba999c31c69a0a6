// Files: a descriptor with an owner, whole files written at once, small files read, folders brought to disk.
//
// Errors name the call, the path and the system's reason. Paths stand in them as they are: the log escapes
// and masks them when it writes them. no_space: disk or quota full; not_found: no such file; io: everything
// else.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace consent_sync::base {

// Closes its descriptor. -1: owns none.
class unique_fd {
  public:
    unique_fd() = default;
    explicit unique_fd(int fd) : fd_(fd) {}
    ~unique_fd() { reset(); }
    unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    unique_fd(const unique_fd&) = delete;
    unique_fd& operator=(const unique_fd&) = delete;

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1);

  private:
    int fd_ = -1;
};

// "cannot rename /a/b: No such file or directory". `what` is the verb phrase, `errnum` an errno.
error system_error(std::string_view what, std::string_view path, int errnum);

// folder + '/' + name, without a doubled slash.
std::string join_path(std::string_view folder, std::string_view name);

// A descriptor of an existing folder, for the *at calls and for sync_folder.
result<unique_fd> open_folder(const std::string& path);

// Brings the names in a folder to disk: renames, new and removed files. One call covers all that was done
// before.
result<void> sync_folder(const std::string& path);
result<void> sync_folder(int folder, std::string_view path_for_errors);

enum class folder_sync { now, later };  // later: the caller calls sync_folder once for many files

// After success `folder/name` holds exactly `bytes`, on disk; at any crash it is the old file, the new one or
// none. The temporary name begins with '.'; a crash may leave it, the next write of that name replaces it.
// Only one thread may write one name at a time. `mode` is set whatever the umask.
result<void> write_file_atomically(const std::string& folder, const std::string& name, std::string_view bytes,
                                   mode_t mode, folder_sync sync = folder_sync::now);
result<void> write_file_atomically(int folder, std::string_view path_for_errors, const std::string& name,
                                   std::string_view bytes, mode_t mode, folder_sync sync = folder_sync::now);

// The whole of a regular file of at most `most` bytes; a larger one is invalid_input.
result<std::string> read_small_file(const std::string& path, std::size_t most);

}  // namespace consent_sync::base
