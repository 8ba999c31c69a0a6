// Whether the last answer to a repeated question is recent enough, or the question must be asked again first. Pure.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace consent_sync::service {

class freshness {
  public:
    static constexpr std::chrono::seconds fresh_for{60};
    static constexpr std::chrono::seconds patience{5};  // the longest wait for an answer

    // True: use what is known. False: call again soon; an answer is wanted or under way.
    bool is_fresh(base::steady_time now) {
        if (!pending_ && answered_ && now - answered_at_ < fresh_for) return true;
        if (!pending_) since_ = now;
        pending_ = true;
        return now - since_ >= patience;
    }
    bool is_wanted() const { return pending_; }
    void begin(base::steady_time now) {
        if (!pending_) since_ = now;
        pending_ = true;
    }
    void answered(base::steady_time now) {  // or failed: a server that is down is not asked for every file
        pending_ = false;
        answered_ = true;
        answered_at_ = now;
    }

  private:
    bool pending_ = false, answered_ = false;
    base::steady_time since_{}, answered_at_{};
};

}  // namespace consent_sync::service
