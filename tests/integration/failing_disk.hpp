// A daemon whose disk fails when the test says so.
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
    // For the daemons that `d` starts from now on.
    explicit failing_disk(daemon_under_test& d);
    ~failing_disk();
    failing_disk(const failing_disk&) = delete;
    failing_disk& operator=(const failing_disk&) = delete;

    // From the `first`-th operation on that the fault is about, `count` of them fail. `only`: the first is one of that
    // kind, counted among its like.
    void fail(storage::disk_fault fault, std::uint64_t first, std::uint64_t count, const std::string& only = "");
    void mend() { control_->count = 0; }
    bool failed() const { return control_->failed > 0; }
    std::uint64_t calls() const { return control_->calls; }
    std::string operation() const { return control_->operation; }
    std::map<std::string, std::uint64_t> kinds() const;  // of the operations that the fault was about, and their calls
    // Every synced byte and name is remembered from the daemon's start on.
    void remember_synced();
    // The daemon's power_cut came: what is on disk is what was synced, and by luck some of the rest; with 0 nothing else.
    void cut_power(std::uint64_t seed);

  private:
    daemon_under_test& daemon_;
    storage::disk_control* control_ = nullptr;
    std::vector<std::string> environment_;
};

}  // namespace consent_sync::integration
