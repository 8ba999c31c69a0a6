// Who has trouble with the disk at present. The pause `disk` holds while anybody has: it is begun by the first and
// ended when the last is over.
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

    // `who` is a word of its own for each that may have trouble. Said again, it changes nothing.
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
