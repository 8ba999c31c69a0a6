// Which files arrived together, so that nothing says which of them is the later one: those that were taken within
// inbox.settle of the first of them (or with it, out of one listing), and whose modification times lie within
// inbox.settle of its own. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "consent/place.hpp"

namespace consent_sync::service {

struct arrival_moment {
    std::int64_t modified_ns = 0;
    base::steady_time taken{};
};

class arrived_together {
  public:
    static constexpr std::size_t earlier = std::numeric_limits<std::size_t>::max();

    // For each file of one claim, in order, the first of its group: its index among them, or `earlier`: the group of
    // first_arrival().
    std::vector<std::size_t> group(std::span<const arrival_moment> files, base::milliseconds settle) {
        std::vector<std::size_t> first;
        for (std::size_t i = 0; i < files.size(); ++i) {
            const bool joins = first_ && (at_ != earlier || files[i].taken <= first_->taken + settle) &&
                               is_near(files[i].modified_ns, first_->modified_ns, settle);
            if (!joins) {
                first_ = files[i];
                at_ = i;
            }
            first.push_back(at_);
        }
        return first;
    }
    // The files of the last group() have their numbers.
    template <class ArrivalOf>
    void numbered(ArrivalOf arrival_of) {
        if (at_ != earlier) first_arrival_ = arrival_of(at_);
        at_ = earlier;
    }
    consent::arrival_number first_arrival() const { return first_arrival_; }

  private:
    static bool is_near(std::int64_t a, std::int64_t b, std::chrono::nanoseconds most) {
        const std::uint64_t apart = a < b ? static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a)
                                          : static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
        return apart <= static_cast<std::uint64_t>(most.count());
    }

    std::optional<arrival_moment> first_;  // of the newest group
    std::size_t at_ = earlier;             // where it is among the files of the present claim
    consent::arrival_number first_arrival_ = 0;
};

}  // namespace consent_sync::service
