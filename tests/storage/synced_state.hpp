// What of a folder is on disk for sure: the content that files had at their last sync, the names that folders had at
// theirs. A rename is atomic: it is on disk in both folders or in none.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace consent_sync::storage {

// Kept below a folder of its own, so that it outlives the process: "CONTENT-INODE", "CREATED-INODE", "NAMES-INODE".
class synced_state {
  public:
    // All that is below `root` now counts as synced.
    synced_state(std::string root, std::string kept);

    // Held over an operation and its record, by one thread at a time: no sync comes between a rename and its record,
    // and the power does not go in the middle of one. (The operations below take it too.)
    std::unique_lock<std::recursive_mutex> hold() { return std::unique_lock(mutex_); }

    void created(const std::string& path);
    void removing(const std::string& path);  // by unlink, or by a rename onto it
    void renamed(const std::string& from, const std::string& to);
    void synced(const std::string& path);  // a file or a folder
    void synced_all();

  private:
    void keep_content(const std::string& path);
    void keep_names(const std::string& folder);
    std::string of(const char* what, const std::string& path) const;

    std::string root_;
    std::string kept_;
    std::recursive_mutex mutex_;
    std::vector<std::pair<std::string, std::string>> renames_;  // folders, of renames that are not on disk
};

// Makes `root` what a power cut leaves: of each file the synced content, or of some (by `seed`; 0: of none) all that
// was written; no name that was not synced.
void cut_power(const std::string& root, const std::string& kept, std::uint64_t seed);

}  // namespace consent_sync::storage
