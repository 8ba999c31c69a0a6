// Opens a dropped file to be read.
#pragma once

#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::intake {

// Never through a symbolic link, and without waiting for the other end of a FIFO. Errors: not_found, io.
base::result<base::unique_fd> open_for_reading(const std::string& path);

// "reading the file failed: Input/output error"; `call` is the beginning of the sentence. It names no path: whoever
// knows which file it is adds that.
base::error reading_error(const char* call, int errnum);

}  // namespace consent_sync::intake
