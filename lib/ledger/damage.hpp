// Tells a damaged ledger from a disk that failed for a moment: SQLite reports CORRUPT for both.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace consent_sync::ledger {

// Reads the whole ledger and every block of it (some seconds a gigabyte), compares tables with their indexes, and
// changes nothing. Errors: corrupt, with what is damaged and how to go on; unsupported, the ledger is of another
// version; io, it cannot be read at present.
base::result<void> check_ledger(const std::string& path);

// For a start after a crash: checks all pages, tables and indexes, and the blocks of open files. Returns the number of
// open files whose counts differ from their rows. `working` is called every few milliseconds. Errors: as
// check_ledger().
base::result<std::size_t> check_after_crash(const std::string& path, std::function<void()> working = {});

// For every other start: checks tables and indexes, but not the rows, which would take most of the time. Rows have sums
// that are checked when they are read. Errors: as check_ledger().
base::result<void> check_tables_alone(const std::string& path, std::function<void()> working = {});

// The error that says what is damaged at `path`, and what an operator can do.
base::error damaged(const std::string& path, const std::string& what);

}  // namespace consent_sync::ledger
