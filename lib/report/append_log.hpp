// A report file that only grows, and that holds each line once over any crash.
//
// The ledger remembers how long the file was when it was last synced. Before the first line after a start the file is
// cut to that length: what a crash left beyond it is written again, since the reports are a function of the ledger.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::report {

// How far a day's file is on disk: "2026-11-23/batches.ndjson" and its length.
struct append_mark {
    std::string file;
    std::uint64_t length = 0;

    std::string to_text() const { return file + "|" + std::to_string(length); }
    static append_mark from_text(const std::string& text);
};

class append_log {
  public:
    // `reports`: the folder reports/. `mark`: of the last append that the ledger knows of.
    append_log(std::string reports, append_mark mark);

    // Appends to DATE/name and syncs; makes the folder. Returns the mark to be stored. Blocking.
    base::result<append_mark> append(const std::string& date, const std::string& name, const std::string& lines);

  private:
    std::string reports_;
    append_mark mark_;
};

// reports/DATE, made if it is not there.
base::result<std::string> day_folder(const std::string& reports, const std::string& date);

}  // namespace consent_sync::report
