// All randomness, from one seed, the same on every machine.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

namespace consent_sync::random_hubspot {

class chance {
  public:
    explicit chance(std::uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

    bool of(double share) { return share > 0 && static_cast<double>(engine_() >> 11) * 0x1p-53 < share; }
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(most - least + 1));
    }
    // Small values far more often than large ones.
    std::int64_t skewed(std::int64_t least, std::int64_t most) {
        const double x = static_cast<double>(engine_() >> 11) * 0x1p-53;
        return least + static_cast<std::int64_t>(static_cast<double>(most - least) * x * x * x);
    }
    template <class T>
    const T& pick(const std::vector<T>& of) {
        return of[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(of.size()) - 1))];
    }
    template <class T>
    T pick(std::initializer_list<T> of) {
        return of.begin()[between(0, static_cast<std::int64_t>(of.size()) - 1)];
    }
    std::uint64_t bits() { return engine_(); }

  private:
    std::mt19937_64 engine_;
};

}  // namespace consent_sync::random_hubspot
