// Tells a damaged ledger from a disk that failed for a moment: SQLite says CORRUPT of both.
#pragma once

#include <string>

#include "base/result.hpp"

namespace consent_sync::ledger {

// Reads the whole ledger and every block of it (some seconds a gigabyte), and changes nothing. Errors: corrupt, with
// what is damaged and how to go on; io: it cannot be read at present.
base::result<void> check_ledger(const std::string& path);

// `what` is damaged at `path`, and what an operator can do.
base::error damaged(const std::string& path, const std::string& what);

}  // namespace consent_sync::ledger
