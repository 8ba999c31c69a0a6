// The adversary: answers drawn at random from HubSpot's schema (tests/random_hubspot), as faults of this simulator.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hubspot_sim/binding.hpp"
#include "hubspot_sim/fault.hpp"
#include "random_hubspot/answers.hpp"

namespace consent_sync::hubspot_sim {

class adversary {
  public:
    // All kinds of faults that let a client continue within seconds; none with a wait of a day.
    explicit adversary(std::uint64_t seed);

    struct move {
        fault what;                 // none: the true answer
        std::vector<bool> applied;  // of the inputs; those that are applied later if what.late says so
    };
    move next(const std::vector<input>& inputs, std::int64_t now);
    // Whether all idle connections die now.
    bool cuts_idle_connections() { return luck_.of(cuts_); }

  private:
    random_hubspot::chance luck_;
    random_hubspot::habits habits_;
    double cuts_ = 0, closes_ = 0;
};

}  // namespace consent_sync::hubspot_sim
