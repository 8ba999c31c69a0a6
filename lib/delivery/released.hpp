// Files that were held and are released: the bulk cursor passes them, so their rows are fetched on their own, when the
// cursor has come to them and before it goes on. While one of them has unsettled rows the low-water mark on disk stays
// where it is: the overtakes that it would remove may name newer opt-outs of their keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "consent/place.hpp"

namespace consent_sync::delivery {

class released_files {
  public:
    void add(consent::place first, consent::place last) {
        const auto at = std::lower_bound(ranges_.begin(), ranges_.end(), first,
                                         [](const range& r, consent::place p) { return r.first < p; });
        if (at == ranges_.end() || at->first != first)
            ranges_.insert(at, {first, last, consent::place(first.id() - 1), 0});
    }
    bool empty() const { return ranges_.empty(); }
    // What is to be fetched next, (after, to].
    std::optional<std::pair<consent::place, consent::place>> next() const {
        for (const range& r : ranges_)
            if (r.fetched_to < r.last) return std::pair(r.fetched_to, r.last);
        return std::nullopt;
    }
    void fetched(consent::place to, std::uint64_t unsettled) {
        if (range* r = find(to)) {
            r->fetched_to = to;
            r->unsettled += unsettled;
            forget_settled();
        }
    }
    // False: the row is of no released file.
    bool settled(consent::place place) {
        range* r = find(place);
        if (!r) return false;
        if (r->unsettled > 0) --r->unsettled;
        forget_settled();
        return true;
    }

  private:
    struct range {
        consent::place first, last, fetched_to;
        std::uint64_t unsettled = 0;  // of the fetched rows
    };
    range* find(consent::place place) {
        const auto found = std::find_if(ranges_.begin(), ranges_.end(),
                                        [&](const range& r) { return r.first <= place && place <= r.last; });
        return found == ranges_.end() ? nullptr : &*found;
    }
    void forget_settled() {
        std::erase_if(ranges_, [](const range& r) { return r.fetched_to >= r.last && r.unsettled == 0; });
    }

    std::vector<range> ranges_;  // ascending
};

}  // namespace consent_sync::delivery
