// A digest of everything that a simulated daemon did: two numbers, to compare two versions that must behave alike.
#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>

#include "ledger/records.hpp"
#include "simulation/witness.hpp"

namespace consent_sync::simulation {

class digest {
  public:
    void add(std::uint64_t number);
    void add(std::string_view text);
    // Everything that a step writes, except the order of its verdicts and late writes, which does not matter.
    void add(const ledger::ledger_change& step, std::int64_t now_ms);
    // Which change has which verdict, independent of time and attempt.
    static std::uint64_t of_verdicts(const witness& watch);
    std::uint64_t value() const { return value_; }

  private:
    std::uint64_t value_ = 14695981039346656037u;  // FNV-1a
};

}  // namespace consent_sync::simulation
