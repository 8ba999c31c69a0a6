// The number of the newest commit, in a small file beside the ledger: a ledger whose own number is lower has lost
// commits. SQLite takes a damaged write-ahead log up to the damage, and says nothing.
//
// The number is written after each commit and brought to disk within a second, so it may be behind the ledger (a crash
// in between, a power cut), but is never ahead of it. Two slots: the one that is on disk is not written to until the
// other one is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.hpp"
#include "base/result.hpp"

namespace consent_sync::ledger {

inline constexpr const char* newest_commit_file = "newest-commit";  // below the state folder

class newest_commit {
  public:
    // Makes the file if it is missing; where its disk has no room for one, write() makes it later. Errors: io.
    static base::result<newest_commit> open(const std::string& state_dir);

    // Nothing: there is none, as at the first start, or neither slot can be read.
    const std::optional<std::int64_t>& found() const { return found_; }
    bool damaged() const { return damaged_; }  // there is something in the file, and none of it can be read

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
