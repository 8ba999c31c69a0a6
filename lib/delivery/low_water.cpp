#include "delivery/low_water.hpp"

#include <algorithm>

namespace consent_sync::delivery {

void low_water::fetched(consent::place to, std::uint64_t unsettled) {
    if (to <= fetched_to_) return;
    fetched_to_ = to;
    if (unsettled == 0 && !pieces_.empty() && pieces_.back().unsettled == 0)
        pieces_.back().to = to;
    else
        pieces_.push_back({to, unsettled});
    advance();
}

void low_water::settled(consent::place place) {
    const auto found = std::lower_bound(pieces_.begin(), pieces_.end(), place,
                                        [](const piece& p, consent::place wanted) { return p.to < wanted; });
    if (found == pieces_.end() || found->unsettled == 0) return;
    --found->unsettled;
    advance();
}

void low_water::advance() {
    while (!pieces_.empty() && pieces_.front().unsettled == 0) {
        mark_ = pieces_.front().to;
        pieces_.pop_front();
    }
}

}  // namespace consent_sync::delivery
