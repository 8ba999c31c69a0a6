// Which files wait for all older ones to be read: only then is every change known that may be newer than theirs, and
// their rows can be compared with these and sent. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "consent/place.hpp"

namespace consent_sync::service {

class gates {
  public:
    struct opened {
        consent::arrival_number file = 0;
        consent::place first;  // of the rows that waited
    };

    void begin(consent::arrival_number file) { unread_.insert(file); }  // it is to be read
    void end(consent::arrival_number file) { unread_.erase(file); }     // it was read to its end, or refused
    // The rows of the file wait from `first` on. Said again, it changes nothing.
    void close(consent::arrival_number file, consent::place first) { closed_.try_emplace(file, first); }
    bool is_closed(consent::arrival_number file) const { return closed_.contains(file); }

    // The oldest gate, if it may open now: it is open from then on.
    std::optional<opened> open_next() {
        if (closed_.empty()) return std::nullopt;
        const auto [file, first] = *closed_.begin();
        if (!unread_.empty() && *unread_.begin() <= file) return std::nullopt;
        closed_.erase(closed_.begin());
        return opened{file, first};
    }

  private:
    std::set<consent::arrival_number> unread_;
    std::map<consent::arrival_number, consent::place> closed_;
};

}  // namespace consent_sync::service
