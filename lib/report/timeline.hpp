// How a file went over time: changes that got their verdict and attempts that failed, in evenly long pieces. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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

// What the timeline needs of an attempt: a file of ten million changes has a hundred thousand of them.
struct timeline_attempt {
    base::wall_time begun{};
    base::wall_time ended{};
    std::uint32_t settled = 0;  // changes of the file
    bool failed = false;
};
// Nothing: it is still open.
std::optional<timeline_attempt> to_timeline(const ledger::attempt_record& attempt, consent::arrival_number arrival);

// From the first attempt to the end of the last.
timeline make_timeline(std::span<const timeline_attempt> attempts);

}  // namespace consent_sync::report
