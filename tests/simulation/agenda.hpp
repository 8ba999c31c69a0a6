// Virtual time: a queue of events in order. Nothing waits for a real clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/clock.hpp"

namespace consent_sync::simulation {

using std::chrono::milliseconds;

class agenda {
  public:
    using work = std::function<void()>;

    explicit agenda(base::wall_time start) : steady_(base::steady_time(std::chrono::hours(1000))), wall_(start) {}

    base::moment now() const { return {steady_, wall_}; }
    void at(base::steady_time when, work what) {
        events_.emplace(std::pair(std::max(when, steady_), next_++), std::move(what));
    }
    void after(base::steady_time::duration delay, work what) { at(steady_ + delay, std::move(what)); }
    // Moves only the clock of the daemon's machine; true_wall() is the time of all other clocks.
    void jump_wall(base::wall_time::duration by) {
        wall_ += by;
        jumped_ += by;
    }
    base::wall_time true_wall() const { return wall_ - jumped_; }

    // Runs the next event; false if there is none.
    bool step() {
        if (events_.empty()) return false;
        auto next = events_.extract(events_.begin());
        const base::steady_time when = next.key().first;
        wall_ += when - steady_;
        steady_ = when;
        next.mapped()();
        return true;
    }
    std::uint64_t steps() const { return next_; }

  private:
    base::steady_time steady_;
    base::wall_time wall_;
    base::wall_time::duration jumped_{0};
    std::map<std::pair<base::steady_time, std::uint64_t>, work> events_;
    std::uint64_t next_ = 0;
};

}  // namespace consent_sync::simulation
