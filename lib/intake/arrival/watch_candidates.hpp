// The names in the inbox that may become files: noted when they are seen, looked at when they are due, given
// on in the order in which they were complete. Pure: observations and the time come in, decisions go out.
//
// Order: by the moment of completion; among equals in the order they were noted (the watch notes a listing by
// ctime, then name). While files of a listing still settle, a file that is renamed in waits for them, at most
// the settle time: what lay there first is taken first. Memory is bounded by `most` names; what is beyond is
// not kept, and left_some_out() asks for another listing when there is room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "intake/arrival/inbox_rules.hpp"

namespace consent_sync::intake {

class watch_candidates {
  public:
    watch_candidates(const inbox_limits& limits, std::size_t most) : limits_(limits), most_(most) {}

    void set_limits(const inbox_limits& limits) { limits_ = limits; }

    // A name was seen. For `written` and `listed` the observation is what stillness is measured from.
    void note(const std::string& name, arrival_way way, const observation& seen, base::moment now);

    // Up to `most` names that are to be looked at now, in order. They stay noted until judge() or forget().
    std::vector<std::string> due(base::moment now, std::size_t most) const;

    // What a new look at a noted name says. Anything but `wait` ends its candidacy.
    settle_decision judge(const std::string& name, const observation& seen, base::moment now);
    void forget(const std::string& name);
    void clear();

    std::optional<base::steady_time> next_due() const;
    bool holds(const std::string& name) const { return by_name_.contains(name); }
    std::size_t size() const { return by_name_.size(); }

    // True once after names were not kept for want of room, and there is room again.
    bool left_some_out() const { return left_some_out_ && by_name_.size() <= most_ / 2; }
    void start_listing() { left_some_out_ = false; }
    void listing_was_cut() { left_some_out_ = true; }

  private:
    struct candidate {
        arrival_way way;
        observation last;
        watched_since since;
        base::steady_time due;
        std::uint64_t number = 0;
    };
    void put(const std::string& name, const candidate& c);

    inbox_limits limits_;
    std::size_t most_;
    bool left_some_out_ = false;
    std::uint64_t last_number_ = 0;
    base::steady_time listed_settle_until_{};  // until then files of a listing may be settling
    std::unordered_map<std::string, candidate> by_name_;
    std::map<std::pair<base::steady_time, std::uint64_t>, const std::string*> by_due_;  // names are by_name_'s keys
};

}  // namespace consent_sync::intake
