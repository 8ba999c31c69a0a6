// Two files beside the ledger tell a start whether the ledger is the one that ran last and holds all that was
// committed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::ledger {

// The generation is a number that grows with every start and every hour of running. It is kept in the ledger, and then
// in a file. A ledger whose number is lower than the file's came from a backup, or is new.
inline constexpr const char* generation_file = "generation";  // below the state folder
inline constexpr const char* generation_meta = "generation";  // in the ledger's meta table

// Nothing: there is no file. Errors: invalid_input, the file does not hold a number; io.
base::result<std::optional<std::int64_t>> read_generation(const std::string& state_dir);
base::result<void> write_generation(const std::string& state_dir, std::int64_t generation);

// The number of the newest commit: a ledger whose own number is lower has lost commits. SQLite takes a damaged
// write-ahead log up to the damage, and says nothing.
//
// The number is written after each commit and brought to disk within a second. So it may be behind the ledger (after a
// crash in between, or a power cut), but it is never ahead of it. There are two slots: the one that is on disk is not
// written to until the other one is on disk.
inline constexpr const char* newest_commit_file = "newest-commit";  // below the state folder

class newest_commit {
  public:
    // Makes the file if it is missing. If the disk has no room for it, write() makes it later. Errors: io.
    static base::result<newest_commit> open(const std::string& state_dir);

    // Nothing: there was no file, as at the first start, or neither slot can be read.
    const std::optional<std::int64_t>& found() const { return found_; }
    bool damaged() const { return damaged_; }  // the file is not empty, and neither slot can be read

    base::result<void> write(std::int64_t number);
    // What was written is on disk afterwards.
    base::result<void> sync();
    bool is_synced() const { return synced_; }

  private:
    explicit newest_commit(std::string path) : path_(std::move(path)) {}
    base::result<void> open_file();
    base::result<void> read();

    base::unique_fd file_;  // none: it could not be made yet
    std::string path_;
    std::optional<std::int64_t> found_;
    int slot_ = 0;  // to write to
    bool damaged_ = false;
    bool synced_ = true;
};

}  // namespace consent_sync::ledger
