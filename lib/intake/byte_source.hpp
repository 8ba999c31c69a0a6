// Where the bytes of a dropped file come from: the file itself, or what a gzip file holds.
//
// Blocking; used by one thread. A source that failed fails again with the same error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hpp"
#include "intake/file_descriptor.hpp"

namespace consent_sync::intake {

class byte_source {
  public:
    virtual ~byte_source() = default;
    // The number of bytes put into `into` (not empty): at least one, 0 at the end.
    // Errors: io (the operating system), invalid_input (what is there is broken).
    virtual base::result<std::size_t> read(std::span<char> into) = 0;
    // The next read begins at `offset`. false: this source only goes forwards.
    virtual base::result<bool> seek(std::uint64_t offset) = 0;
};

std::unique_ptr<byte_source> make_file_source(file_descriptor file);

// The content of a gzip file (RFC 1952, one member or several). Breaks off with invalid_input where it is
// truncated or damaged, and before it has given more than `bytes_max` bytes.
std::unique_ptr<byte_source> make_gzip_source(std::unique_ptr<byte_source> compressed,
                                              std::uint64_t bytes_max);

}  // namespace consent_sync::intake
