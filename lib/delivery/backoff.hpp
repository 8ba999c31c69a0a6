// Exponential backoff with full jitter: a random share of a delay that doubles with every failure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace consent_sync::delivery {

// `failures` counts from 1. Between 0 and min(max, initial * 2^(failures-1)).
inline base::milliseconds backoff_delay(base::milliseconds initial, base::milliseconds max, std::uint32_t failures,
                                        base::random_engine& random) {
    const std::uint32_t doublings = std::min<std::uint32_t>(failures > 0 ? failures - 1 : 0, 30);
    const std::int64_t ceiling = std::min<std::int64_t>(max.count(), initial.count() << doublings);
    return base::milliseconds(
        std::uniform_int_distribution<std::int64_t>(0, std::max<std::int64_t>(ceiling, 0))(random));
}

}  // namespace consent_sync::delivery
