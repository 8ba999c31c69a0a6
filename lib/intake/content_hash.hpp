// SHA-256 of a file, by which the same content dropped twice is known.
#pragma once

#include <string>

#include "base/result.hpp"

namespace consent_sync::intake {

// Of the bytes as they lie on disk (a .gz is not unpacked), from the first to the last, as 64 lower-case hex
// digits. Blocking. Reads with its own place: that of the open file does not move. Error: io.
base::result<std::string> hash_file(int fd);

}  // namespace consent_sync::intake
