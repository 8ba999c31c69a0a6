// The part of a folder that is certainly on disk: the content of files at their last sync, and the names in folders at
// their last sync. A rename is atomic: it is on disk in both folders or in none.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace consent_sync::storage {

// Kept in a separate folder, so that it outlives the process: "CONTENT-INODE", "CREATED-INODE", "NAMES-INODE".
class synced_state {
  public:
    // From now on everything below `root` counts as synced.
    synced_state(std::string root, std::string kept);

    // A lock that one thread holds during an operation and its recording, so that no sync comes between a rename and
    // its record, and no power cut comes in the middle. (The operations below take it too.)
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
    std::vector<std::pair<std::string, std::string>> renames_;  // the folders of renames that are not yet on disk
};

// Changes `root` to what a power cut leaves: the synced content of each file, or everything that was written to some
// files (chosen by `seed`; 0: none), and only synced names.
void cut_power(const std::string& root, const std::string& kept, std::uint64_t seed);

}  // namespace consent_sync::storage
