// SHA-256 of a file, by which the same content dropped twice is known.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "base/result.hpp"

namespace consent_sync::intake {

// Of the bytes as they lie on disk (a .gz is not unpacked), from the first to the last, as 64 lower-case hex
// digits. Blocking. Reads with its own place: that of the open file does not move. Errors: io; busy: `stop` was
// set by another thread.
// `most`: no further than so many bytes.
base::result<std::string> hash_file(int fd, const std::atomic<bool>* stop = nullptr,
                                    std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

}  // namespace consent_sync::intake
