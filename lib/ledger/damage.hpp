// Tells a damaged ledger from a disk that failed for a moment: SQLite says CORRUPT of both.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace consent_sync::ledger {

// Reads the whole ledger and every block of it (some seconds a gigabyte), holds tables and indexes against each other,
// and changes nothing. Errors: corrupt, with what is damaged and how to go on; io: it cannot be read at present.
base::result<void> check_ledger(const std::string& path);

// For a start after a crash: all pages, tables and indexes, and the blocks of open files. Gives the number of open
// files whose counts are not those of their rows. `working` is called every few milliseconds.
base::result<std::size_t> check_after_crash(const std::string& path, std::function<void()> working = {});

// For every other start: tables and indexes, but not the rows, which take most of the time. They have their sums, and
// are held against them when they are read.
base::result<void> check_tables_alone(const std::string& path, std::function<void()> working = {});

// `what` is damaged at `path`, and what an operator can do.
base::error damaged(const std::string& path, const std::string& what);

}  // namespace consent_sync::ledger
