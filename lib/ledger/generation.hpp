// A number that grows with every start and every hour of running, kept in the ledger and, once it is there, in a file
// beside it. A ledger whose number is lower than the file's is not the one that ran last: it came from a backup, or is
// new.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace consent_sync::ledger {

inline constexpr const char* generation_file = "generation";  // below the state folder
inline constexpr const char* generation_meta = "generation";  // in the ledger's meta table

// Nothing: there is no file. Error: invalid_input, it holds no number; io.
base::result<std::optional<std::int64_t>> read_generation(const std::string& state_dir);
base::result<void> write_generation(const std::string& state_dir, std::int64_t generation);

}  // namespace consent_sync::ledger
