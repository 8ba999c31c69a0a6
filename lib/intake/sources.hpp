// Where the bytes of a dropped file come from: the file itself, or what a gzip file holds; and the SHA-256 of a file.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::intake {

// Never through a symbolic link, and without waiting for the other end of a FIFO. Errors: not_found, io.
base::result<base::unique_fd> open_for_reading(const std::string& path);

// "reading the file failed: Input/output error"; `call` is the beginning of the sentence. It names no path: the caller
// adds which file it is.
base::error reading_error(const char* call, int errnum);

// Blocking; used by one thread. A source that failed fails again with the same error.
class byte_source {
  public:
    virtual ~byte_source() = default;
    // The number of bytes put into `into` (not empty): at least one, 0 at the end.
    // Errors: io (the operating system), invalid_input (what is there is broken), busy (a read_bound was met).
    virtual base::result<std::size_t> read(std::span<char> into) = 0;
    // The next read begins at `offset`. false: this source only goes forwards.
    virtual base::result<bool> seek(std::uint64_t offset) = 0;
    // How many bytes there are; nothing: that is known only behind the last of them.
    virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
    // Another source of the same bytes, at their start; this one stays where it is.
    virtual base::result<std::unique_ptr<byte_source>> again() const = 0;
};

std::unique_ptr<byte_source> make_file_source(base::unique_fd file);

// The content of a gzip file (RFC 1952, one member or several). Breaks off with invalid_input where it is
// truncated or damaged, and before it has given more than `bytes_max` bytes.
std::unique_ptr<byte_source> make_gzip_source(std::unique_ptr<byte_source> compressed, std::uint64_t bytes_max);

// Makes a reader come back to its caller although it has no row to give: a line of a gigabyte, a compressed file of
// nothing but blanks. Asked about before every block.
struct read_bound {
    const std::atomic<bool>* stop = nullptr;                                // set by any thread: the reading ends
    std::uint64_t content_max = std::numeric_limits<std::uint64_t>::max();  // bytes that may be passed
};

// The same bytes until the bound is met, from then on the error busy.
std::unique_ptr<byte_source> make_bounded_source(std::unique_ptr<byte_source> source, read_bound bound);

// The SHA-256 by which the same content dropped twice is known: of the bytes as they lie on disk (a .gz is not
// unpacked), from the first to the last, as 64 lower-case hex digits. Blocking. Reads with its own place: that of the
// open file does not move. Errors: io; busy: `stop` was set by another thread. `most`: no further than so many bytes.
base::result<std::string> hash_file(int fd, const std::atomic<bool>* stop = nullptr,
                                    std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

}  // namespace consent_sync::intake
