#include "service/operation/proven_time.hpp"

namespace consent_sync::service {
namespace {

using base::milliseconds;

constexpr auto jump_min = std::chrono::minutes(1);  // beyond what a clock is set right by, little by little
constexpr int drift_share = 100;                    // 1 % of the time that passed

bool has_jumped(milliseconds passed_wall, milliseconds passed) {
    const milliseconds off = passed_wall > passed ? passed_wall - passed : passed - passed_wall;
    return off > jump_min + passed / drift_share;
}

}  // namespace

void proven_time::look(const clock_look& now) {
    const auto in_ms = [](auto d) { return std::chrono::duration_cast<milliseconds>(d); };
    const milliseconds passed = first_ ? milliseconds(0) : in_ms(now.at.steady - last_.steady);
    if (first_ || has_jumped(in_ms(now.at.wall - last_.wall), passed)) {
        steady_since_ = now.at.steady;
        synchronised_since_ = now.at.steady;
    }
    if (!now.synchronised) synchronised_since_ = now.at.steady;
    first_ = false;
    last_ = now.at;
    trusted_ = now.at.steady - steady_since_ >= trusted_after ||
               now.at.steady - synchronised_since_ >= trusted_after_synchronised;
    // Also where the clock went back.
    if (now.at.wall - passed * (trusted_ ? pace_trusted : pace) <= proven_)
        proven_ = now.at.wall;
    else
        proven_ += passed * (trusted_ ? pace_trusted : pace);
    ahead_ = in_ms(now.at.wall - proven_);
}

}  // namespace consent_sync::service
