// Whether an answer that was asked for now and then is new enough to judge by, or is to be asked for again first. Pure.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace consent_sync::service {

class freshness {
  public:
    static constexpr std::chrono::seconds fresh_for{60};
    static constexpr std::chrono::seconds patience{5};  // nobody waits longer than that for an answer

    // True: judge by what is known. False: look again soon; an answer is wanted or under way.
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
    void answered(base::steady_time now) {  // well or not: who is down is not asked for every file
        pending_ = false;
        answered_ = true;
        answered_at_ = now;
    }

  private:
    bool pending_ = false, answered_ = false;
    base::steady_time since_{}, answered_at_{};
};

}  // namespace consent_sync::service
