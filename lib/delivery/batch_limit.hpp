// How many changes a batch may carry: as configured, fewer once HubSpot took no more, and more again by trial.
//
// HubSpot's own bound is unknown, and a moment in which it refuses everything looks like a batch that is too large. So
// after a number of full batches that were accepted one larger batch is tried; the number doubles with each that fails.
#pragma once

#include <cstddef>
#include <cstdint>

namespace consent_sync::delivery {

class batch_limit {
  public:
    static constexpr std::uint32_t full_batches_first = 100;  // before the first trial
    static constexpr std::uint32_t full_batches_most = 12'800;

    explicit batch_limit(std::uint32_t configured) : configured_(configured), changes_(configured) {}

    // What was learnt stays until the number itself is changed.
    void configure(std::uint32_t configured);

    std::uint32_t changes() const { return changes_; }
    // For the batch that is filled next: changes(), or twice as many if it may be the trial.
    std::uint32_t next_batch() const;
    // It got so many: it is the trial if these are more than changes().
    void filled(std::size_t size);

    // HubSpot accepted changes of a batch of this size. True: the limit was raised to it.
    bool accepted(std::size_t size);
    bool has_accepted(std::size_t size) const { return size <= largest_accepted_; }  // since the last 413
    // A 413. True: the limit was lowered.
    bool too_large(std::size_t size);
    // It was refused, and both its halves were accepted. True: the limit was lowered.
    bool taken_in_halves(std::size_t size);

  private:
    bool lower(std::size_t refused, std::size_t to);

    std::uint32_t configured_;
    std::uint32_t changes_;
    std::size_t largest_accepted_ = 0;
    std::uint32_t full_batches_ = 0;  // accepted since the last trial
    std::uint32_t full_batches_wanted_ = full_batches_first;
    bool trial_ = false;  // a larger one was filled, and nothing is known of it yet
};

}  // namespace consent_sync::delivery
