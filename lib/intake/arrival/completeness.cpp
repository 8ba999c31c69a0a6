#include "intake/arrival/completeness.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string_view>

#include "base/file.hpp"
#include "intake/sources.hpp"
#include "intake/format.hpp"
#include "intake/limits.hpp"

namespace consent_sync::intake {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t end_bytes = 4'096;
constexpr std::string_view blanks = " \t\r\n"sv;

// File systems that only this machine writes to. On any other one a lease says nothing about the others.
constexpr std::array<std::uint32_t, 12> own_file_systems{
    EXT4_SUPER_MAGIC,     XFS_SUPER_MAGIC,      BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
    RAMFS_MAGIC,          F2FS_SUPER_MAGIC,     MSDOS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC,
    REISERFS_SUPER_MAGIC, ECRYPTFS_SUPER_MAGIC, NILFS_SUPER_MAGIC, 0x2fc12fc1};

bool is_own_file_system(int fd) {
    struct statfs found {};
    if (::fstatfs(fd, &found) != 0) return false;
    const auto type = static_cast<std::uint32_t>(found.f_type);
    return std::find(own_file_systems.begin(), own_file_systems.end(), type) != own_file_systems.end();
}

// Up to `most` bytes at `offset`; fewer where the file ends or cannot be read.
std::string read_at(int fd, std::uint64_t offset, std::size_t most) {
    std::string bytes(most, '\0');
    const ssize_t got = ::pread(fd, bytes.data(), most, static_cast<off_t>(offset));
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

bool is_whole_gzip(int fd, std::uint64_t size) {
    if (size == 0 || size > whole_gzip_bytes_max) return false;
    base::unique_fd own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!own) return false;
    const auto content = make_gzip_source(make_file_source(std::move(own)), size * decompressed_factor + block_bytes);
    const auto block = std::make_unique_for_overwrite<char[]>(block_bytes);
    for (;;) {
        const base::result<std::size_t> got = content->read({block.get(), block_bytes});
        if (!got) return false;
        if (*got == 0) return true;
    }
}

bool ends_with_line_end(std::string_view first, std::string_view last) {
    if (first.starts_with("\xFF\xFE"sv)) return last.ends_with("\n\0"sv) || last.ends_with("\r\0"sv);  // UTF-16
    constexpr char end_of_text_file = '\x1A';                                                          // Ctrl-Z, of DOS
    return !last.empty() && (last.back() == '\n' || last.back() == '\r' || last.back() == end_of_text_file);
}

bool ends_like_json(std::string_view first, std::string_view last) {
    const std::size_t begin = first.find_first_not_of(blanks, first.starts_with("\xEF\xBB\xBF"sv) ? 3 : 0);
    const std::size_t end = last.find_last_not_of(blanks);
    if (begin == std::string_view::npos || end == std::string_view::npos) return false;
    return last[end] == (first[begin] == '[' ? ']' : '}');
}

}  // namespace

writers find_writers(int fd) {
    // A program that opens the file meanwhile waits for a moment, and the kernel sends a signal: by default SIGIO,
    // which ends a process that does not handle it. SIGURG does nothing.
    if (::fcntl(fd, F_SETSIG, SIGURG) != 0) return writers::unknown;
    if (::fcntl(fd, F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN ? writers::some : writers::unknown;
    ::fcntl(fd, F_SETLEASE, F_UNLCK);
    return is_own_file_system(fd) ? writers::none : writers::unknown;
}

ending look_at_end(int fd, const std::string& name, std::uint64_t size) {
    const base::result<format> kind = parse_format(name);
    const std::string first = read_at(fd, 0, end_bytes);
    const std::string last = read_at(fd, size - std::min<std::uint64_t>(size, end_bytes), end_bytes);
    bool whole = false;
    if (kind && kind->gzip)
        whole = is_whole_gzip(fd, size);
    else if (kind && kind->rows == layout::json)
        whole = ends_like_json(first, last);
    else
        whole = ends_with_line_end(first, last) || (kind && kind->rows == layout::ndjson && last.ends_with('}'));
    return whole ? ending::whole : ending::unfinished;
}

}  // namespace consent_sync::intake
