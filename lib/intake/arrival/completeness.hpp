// Whether a file is complete: who has it open for writing, and whether its last bytes are those of a whole file.
#pragma once

#include <cstdint>
#include <string>

#include "intake/arrival/inbox_rules.hpp"

namespace consent_sync::intake {

// By a read lease, which the kernel grants only while nobody has the file open for writing (or mapped to write); it is
// given back at once. Requires: opened for reading only. `unknown` for files of other users without CAP_LEASE, and on
// file systems that other machines may write to.
writers find_writers(int fd);

// Whether the file ends as a whole one of its format does: CSV and NDJSON with a line end, NDJSON also with a bracket,
// JSON with the bracket that closes its first one, gzip with a checksum that holds. NUL bytes at the end are room that
// was set aside and not written yet. A gzip file beyond whole_gzip_bytes_max counts as unfinished.
ending look_at_end(int fd, const std::string& name, std::uint64_t size);

inline constexpr std::uint64_t whole_gzip_bytes_max = 64ULL << 20;

}  // namespace consent_sync::intake
