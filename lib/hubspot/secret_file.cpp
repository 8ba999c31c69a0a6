#include "hubspot/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/file.hpp"
#include "base/log.hpp"
#include "consent/key.hpp"

namespace consent_sync::hubspot {
namespace {

using base::errc;
using base::error;

std::int64_t nanoseconds(const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

file_stamp make_stamp(const struct stat& s) {
    file_stamp stamp;
    stamp.device = s.st_dev;
    stamp.inode = s.st_ino;
    stamp.size = s.st_size;
    stamp.modified_ns = nanoseconds(s.st_mtim);
    stamp.changed_ns = nanoseconds(s.st_ctim);
    return stamp;
}

std::string start_of_error(std::string_view option, const std::string& path) {
    return std::string(option) + ": " + path + " ";
}

error system_failure(std::string_view option, const std::string& path, int number) {
    const errc code = number == ENOENT || number == ENOTDIR ? errc::not_found : errc::io;
    std::string message = start_of_error(option, path) + "cannot be read: " + std::strerror(number);
    if (number == ENOENT) message += "; put the secret there, or name another file";
    if (number == EACCES) message += "; give it to the user that the service runs as";
    return {code, std::move(message)};
}

std::optional<error> find_fault(const struct stat& s, std::string_view option, const std::string& path) {
    if (!S_ISREG(s.st_mode))
        return error{errc::invalid_input,
                     start_of_error(option, path) + "is not a regular file; put the secret into one"};
    if ((s.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return error{errc::invalid_input, start_of_error(option, path) +
                                              "can be read or written by everybody on this machine; run: chmod o-rw " +
                                              path + " and replace the secret if others may have seen it"};
    if (s.st_size > static_cast<off_t>(secret_bytes_max))
        return error{errc::invalid_input, start_of_error(option, path) + "is larger than " +
                                              std::to_string(secret_bytes_max) +
                                              " bytes; it must hold nothing but the secret"};
    return std::nullopt;
}

base::result<std::string> read_all(int fd, std::string_view option, const std::string& path) {
    std::array<char, secret_bytes_max + 1> buffer;
    std::size_t size = 0;
    while (size < buffer.size()) {
        const ssize_t got = ::read(fd, buffer.data() + size, buffer.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure(option, path, errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    return std::string(buffer.data(), size);
}

}  // namespace

bool is_secret_text(std::string_view text) {
    return !text.empty() && text.size() <= secret_bytes_max &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<file_stamp> stamp_file(const std::string& path) {
    struct stat s {};
    if (::stat(path.c_str(), &s) != 0) return std::nullopt;
    return make_stamp(s);
}

base::result<secret> read_secret_file(const std::string& path, std::string_view option) {
    // O_NONBLOCK: opening a FIFO must not block the start.
    const base::unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return system_failure(option, path, errno);
    struct stat s {};
    if (::fstat(fd.get(), &s) != 0) return system_failure(option, path, errno);
    if (const auto fault = find_fault(s, option, path)) return *fault;
    const auto bytes = read_all(fd.get(), option, path);
    if (!bytes) return bytes.error();
    const std::string_view text = consent::trim(*bytes);
    if (text.empty())
        return error{errc::invalid_input, start_of_error(option, path) + "is empty; put the secret into it"};
    if (!is_secret_text(text))
        return error{errc::invalid_input,
                     start_of_error(option, path) +
                         "holds white space, control or non-ASCII characters inside the secret, or more than " +
                         std::to_string(secret_bytes_max) + " bytes; it must hold nothing but the secret, on one line"};
    base::register_secret(text);
    return secret{std::string(text), make_stamp(s)};
}

}  // namespace consent_sync::hubspot
