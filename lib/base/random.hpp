// Randomness as an argument. Only the daemon's main and the tests create an engine; tests print its seed.
#pragma once

#include <random>

namespace consent_sync::base {

using random_engine = std::mt19937_64;

}  // namespace consent_sync::base
