// Who has trouble with the disk at present. The pause `disk` holds while anybody has: it is begun by the first and
// ended when the last is over.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace consent_sync::service {

// Home thread only.
class disk_trouble {
  public:
    disk_trouble(std::function<void(const base::error&)> on_begun, std::function<void()> on_ended)
        : on_begun_(std::move(on_begun)), on_ended_(std::move(on_ended)) {}

    // `who` is a word of its own for each that may have trouble. Said again, it changes nothing.
    void begin(const std::string& who, const base::error& why) {
        const bool first = troubled_.empty();
        troubled_.insert(who);
        if (first) on_begun_(why);
    }
    void end(const std::string& who) {
        if (troubled_.erase(who) > 0 && troubled_.empty()) on_ended_();
    }
    bool any() const { return !troubled_.empty(); }

  private:
    std::function<void(const base::error&)> on_begun_;
    std::function<void()> on_ended_;
    std::set<std::string> troubled_;
};

}  // namespace consent_sync::service
