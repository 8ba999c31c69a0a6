#include "delivery/batch_limit.hpp"

#include <algorithm>
#include <utility>

namespace consent_sync::delivery {

void batch_limit::configure(std::uint32_t configured) {
    if (configured != configured_) *this = batch_limit(configured);
}

std::uint32_t batch_limit::next_batch() const {
    return full_batches_ < full_batches_wanted_ ? changes_ : std::min(configured_, changes_ * 2);
}

void batch_limit::filled(std::size_t size) {
    if (size <= changes_) return;
    full_batches_ = 0;
    trial_ = true;
}

bool batch_limit::accepted(std::size_t size) {
    largest_accepted_ = std::max(largest_accepted_, size);
    if (changes_ == configured_ || size < changes_) return false;
    if (size == changes_) {
        full_batches_ = std::min(full_batches_ + 1, full_batches_wanted_);
        return false;
    }
    changes_ = std::min(configured_, static_cast<std::uint32_t>(size));
    full_batches_ = 0;
    full_batches_wanted_ = full_batches_first;
    trial_ = false;
    return true;
}

bool batch_limit::too_large(std::size_t size) {
    largest_accepted_ = std::min(largest_accepted_, size - 1);
    return lower(size, size / 2);
}

bool batch_limit::taken_in_halves(std::size_t size) { return lower(size, (size + 1) / 2); }

bool batch_limit::lower(std::size_t refused, std::size_t to) {
    if (refused > changes_) {  // the trial, or one that was sent before the limit was lowered
        if (std::exchange(trial_, false)) full_batches_wanted_ = std::min(full_batches_wanted_ * 2, full_batches_most);
        return false;
    }
    changes_ = std::max(std::uint32_t{1}, std::min(changes_, static_cast<std::uint32_t>(to)));
    full_batches_ = 0;
    return true;
}

}  // namespace consent_sync::delivery
