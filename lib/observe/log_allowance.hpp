// How many lines a minute somebody may cause in the log. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace consent_sync::observe {

class log_allowance {
  public:
    explicit log_allowance(std::uint64_t a_minute) : most_(a_minute) {}

    // How many lines were left out since the last one that was allowed; nothing: this one is left out too.
    std::optional<std::uint64_t> next(base::steady_time now) {
        if (now - minute_ >= std::chrono::minutes(1)) {
            minute_ = now;
            written_ = 0;
        }
        if (written_ == most_) {
            ++left_out_;
            return std::nullopt;
        }
        ++written_;
        const std::uint64_t before = left_out_;
        left_out_ = 0;
        return before;
    }

  private:
    std::uint64_t most_;
    std::uint64_t written_ = 0, left_out_ = 0;
    base::steady_time minute_{};
};

}  // namespace consent_sync::observe
