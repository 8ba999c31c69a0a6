// Makes the disk of a daemon fail when the test says so.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "integration/daemon_under_test.hpp"
#include "storage/disk_control.hpp"

namespace consent_sync::integration {

class failing_disk {
  public:
    // Affects the daemons that `d` starts from now on.
    explicit failing_disk(daemon_under_test& d);
    ~failing_disk();
    failing_disk(const failing_disk&) = delete;
    failing_disk& operator=(const failing_disk&) = delete;

    // `count` operations to which the fault applies fail, from the `first` one on. With `only` the first one is of that
    // kind, and only operations of that kind are counted for `first`.
    void fail(storage::disk_fault fault, std::uint64_t first, std::uint64_t count, const std::string& only = "");
    void mend() { control_->count = 0; }
    bool failed() const { return control_->failed > 0; }
    std::uint64_t calls() const { return control_->calls; }
    std::string operation() const { return control_->operation; }
    std::map<std::string, std::uint64_t> kinds()
        const;  // of operations to which the fault applied, with their numbers of calls
    // Records every synced byte and name from the daemon's start on.
    void remember_synced();
    // After a power_cut: leaves the synced data on disk, and some of the rest at random; with 0 nothing else.
    void cut_power(std::uint64_t seed);

  private:
    daemon_under_test& daemon_;
    storage::disk_control* control_ = nullptr;
    std::vector<std::string> environment_;
};

}  // namespace consent_sync::integration
