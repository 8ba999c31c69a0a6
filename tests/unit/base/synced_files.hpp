// Records which files and folders this thread syncs while the object lives, in order. A test cannot cause a power cut,
// but it can see that an fsync is missing.
#pragma once

#include <string>
#include <vector>

namespace consent_sync::base {

class synced_files {
  public:
    synced_files();
    ~synced_files();
    synced_files(const synced_files&) = delete;
    synced_files& operator=(const synced_files&) = delete;

    // Paths as the kernel knows them at the moment of the sync, without links.
    const std::vector<std::string>& paths() const { return paths_; }

    void note(int fd);

  private:
    std::vector<std::string> paths_;
};

}  // namespace consent_sync::base
