// Files: a descriptor with an owner, atomic writing of files, reading of small files, syncing of folders, and folders
// that may not be links.
//
// Errors name the call, the path and the system's reason. They contain paths unchanged; the log escapes and masks them.
// no_space: disk or quota full; not_found: no such file; io: everything else.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace consent_sync::base {

// Owns a file descriptor and closes it. -1: it owns none.
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

// folder + '/' + name, without a double slash.
std::string join_path(std::string_view folder, std::string_view name);

// Opens an existing folder, for the *at calls and for sync_folder.
result<unique_fd> open_folder(const std::string& path);

// Syncs the entries of a folder to disk: renamed, new and removed files. One call covers all changes before it.
result<void> sync_folder(const std::string& path);
result<void> sync_folder(int folder, std::string_view path_for_errors);

enum class folder_sync { now, later };  // later: the caller calls sync_folder once for many files

// After success `folder/name` contains exactly `bytes`, on disk. After a crash it is the old file, the new one, or
// missing. The temporary name begins with '.'. A crash may leave it behind; the next write of the same name replaces
// it. Only one thread may write a name at a time. `mode` does not depend on the umask.
result<void> write_file_atomically(const std::string& folder, const std::string& name, std::string_view bytes,
                                   mode_t mode, folder_sync sync = folder_sync::now);
result<void> write_file_atomically(int folder, std::string_view path_for_errors, const std::string& name,
                                   std::string_view bytes, mode_t mode, folder_sync sync = folder_sync::now);

// The content of a regular file of at most `most` bytes. A larger file is invalid_input.
result<std::string> read_small_file(const std::string& path, std::size_t most);

// Opens a folder whose path does not end in a link; the parts above may be links. A link gives error io with a message
// that says so, until the folder is back. So nothing is read, written or removed in another place.
result<unique_fd> open_real_folder(const std::string& path);

// The path of a name in an open folder, which stays valid if the folder is moved or replaced. Without /proc it is
// folder_path/name.
std::string path_in(int folder, const std::string& folder_path, const std::string& name);
// The same path for people: with the present path of the folder.
std::string shown_path(const std::string& path);

}  // namespace consent_sync::base
