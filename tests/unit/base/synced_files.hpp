// Which files and folders this thread syncs to the disk while the object lives, in order. Of a power cut no test can
// see what a forgotten fsync costs, but it can see that one is missing.
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

    // As the kernel knows them at the moment of the sync: without links.
    const std::vector<std::string>& paths() const { return paths_; }

    void note(int fd);

  private:
    std::vector<std::string> paths_;
};

}  // namespace consent_sync::base
