// The low-water mark of the bulk lane: every bulk row up to it is settled, so a restart goes on from there.
//
// Counts unsettled rows by fetched piece, not row by row: the mark moves a piece at a time, which costs a restart at
// most one piece of rows to be looked at again.
#pragma once

#include <cstdint>
#include <deque>

#include "consent/place.hpp"

namespace consent_sync::delivery {

class low_water {
  public:
    explicit low_water(consent::place start) : mark_(start), fetched_to_(start) {}

    // The bulk lane fetched everything up to `to`, of which `unsettled` changes were not settled.
    void fetched(consent::place to, std::uint64_t unsettled);
    // A bulk change up to the fetch mark got its verdict.
    void settled(consent::place place);

    consent::place mark() const { return mark_; }
    consent::place fetched_to() const { return fetched_to_; }

  private:
    struct piece {
        consent::place to;
        std::uint64_t unsettled;
    };
    void advance();

    std::deque<piece> pieces_;  // ascending, contiguous
    consent::place mark_;
    consent::place fetched_to_;
};

}  // namespace consent_sync::delivery
