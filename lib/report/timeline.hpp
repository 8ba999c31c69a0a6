// How a file went over time: changes that got their verdict and attempts that failed, in evenly long pieces. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.hpp"
#include "ledger/attempt_table.hpp"

namespace consent_sync::report {

struct timeline {
    base::wall_time begun{};
    base::milliseconds piece{0};  // how long each is; 0: there is nothing to show
    struct moment {
        std::uint64_t settled = 0;  // changes of the file
        std::uint64_t failed = 0;   // attempts without an answer, or with one that settled nothing
    };
    std::vector<moment> pieces;

    double most_per_second() const;
    std::uint64_t failed() const;
};

inline constexpr std::size_t timeline_pieces = 60;

// From the first attempt to the end of the last.
timeline make_timeline(const std::vector<ledger::attempt_record>& attempts, consent::arrival_number arrival);

}  // namespace consent_sync::report
