// Where the bytes of a dropped file come from: the file itself, or what a gzip file holds.
//
// Blocking; used by one thread. A source that failed fails again with the same error.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "intake/open_for_reading.hpp"

namespace consent_sync::intake {

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

}  // namespace consent_sync::intake
