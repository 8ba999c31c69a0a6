// All randomness of a simulated world comes from one of these objects, and so from one seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <random>

#include "base/random.hpp"

namespace consent_sync::simulation {

class dice {
  public:
    explicit dice(std::uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

    bool chance(double p) { return p > 0 && std::uniform_real_distribution<double>(0, 1)(engine_) < p; }
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
    }
    std::chrono::milliseconds between(std::chrono::milliseconds least, std::chrono::milliseconds most) {
        return std::chrono::milliseconds(between(least.count(), most.count()));
    }
    // Small values far more often than large ones.
    std::int64_t skewed(std::int64_t least, std::int64_t most) {
        const double x = std::uniform_real_distribution<double>(0, 1)(engine_);
        return least + static_cast<std::int64_t>(static_cast<double>(most - least) * x * x * x);
    }
    template <class T>
    T pick(std::initializer_list<T> of) {
        return of.begin()[between(0, static_cast<std::int64_t>(of.size()) - 1)];
    }
    base::random_engine& engine() { return engine_; }

  private:
    base::random_engine engine_;
};

}  // namespace consent_sync::simulation
