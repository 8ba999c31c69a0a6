// What a round of retention would remove, and whether that is unusual.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace consent_sync::service {

struct removal_share {
    const char* what;    // "files of the ledger"
    const char* record;  // of the bound, in the ledger's meta table
    std::uint64_t old = 0, all = 0;
    base::wall_time before{};      // what is older is removed
    base::wall_time last_bound{};  // the same in the last round; the epoch: there was none

    // Most of what there is, and more than the time that passed explains.
    bool is_unusual() const;
};

struct removal_plan {
    std::array<removal_share, 4> shares{{{"files of the ledger", "keep_bound.ledger"},
                                         {"files of done/", "keep_bound.done"},
                                         {"files of refused/", "keep_bound.refused"},
                                         {"days of reports", "keep_bound.reports"}}};

    removal_share& ledger() { return shares[0]; }
    removal_share& done() { return shares[1]; }
    removal_share& refused() { return shares[2]; }
    removal_share& reports() { return shares[3]; }

    bool empty() const;
    bool is_unusual() const;
    std::string words() const;  // "25 of 30 files of done/, 4 of 4 days of reports"
};

inline constexpr std::uint64_t unusual_above = 20;  // fewer are never unusual
inline constexpr auto usual_advance = std::chrono::hours(24 * 3);
inline constexpr auto unusual_wait = std::chrono::hours(24);  // of running time

}  // namespace consent_sync::service
