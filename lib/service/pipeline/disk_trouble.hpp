// Which parts have trouble with the disk at present. Sending is paused (`disk`) from the first trouble until the last
// one has ended.
#pragma once

#include <set>
#include <string>

#include "base/result.hpp"
#include "service/pipeline/delivery_service.hpp"

namespace consent_sync::service {

// Home thread only.
class disk_trouble {
  public:
    explicit disk_trouble(delivery_service& delivery) : delivery_(delivery) {}

    // `who`: a word of its own for each part. Beginning twice has no effect.
    void begin(const std::string& who, const base::error& why) {
        const bool first = troubled_.empty();
        troubled_.insert(who);
        if (first) delivery_.pause(delivery::pause_reason::disk, why.message);
    }
    void end(const std::string& who) {
        if (troubled_.erase(who) > 0 && troubled_.empty()) delivery_.resume(delivery::pause_reason::disk);
    }
    bool any() const { return !troubled_.empty(); }

  private:
    delivery_service& delivery_;
    std::set<std::string> troubled_;
};

}  // namespace consent_sync::service
