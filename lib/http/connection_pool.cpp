#include "http/connection_pool.hpp"

#include <utility>

namespace consent_sync::http {

using steady = std::chrono::steady_clock;

namespace {

constexpr unsigned deaths_max = 2;  // in a row
constexpr auto keeps_none_for = std::chrono::minutes(1);

}  // namespace

connection_pool::connection_pool(const boost::asio::any_io_executor& executor, std::size_t idle_max,
                                 std::chrono::milliseconds idle_for)
    : idle_max_(idle_max), idle_for_(idle_for), sweeper_(executor) {}

std::unique_ptr<connection> connection_pool::take() {
    while (!idle_.empty()) {
        entry newest = std::move(idle_.back());
        idle_.pop_back();
        // The sweep may be late when the thread was busy.
        if (steady::now() - newest.since >= idle_for_) continue;
        if (newest.one->is_quiet()) return std::move(newest.one);
        found_closed_++;
    }
    return nullptr;
}

void connection_pool::put(std::unique_ptr<connection> one) {
    if (idle_max_ == 0 || steady::now() < keeps_from_) return;
    if (idle_.size() >= idle_max_) idle_.erase(idle_.begin());
    idle_.push_back(entry{std::move(one), steady::now()});
    // An armed sweep is left alone, so that a busy pool touches no timer.
    if (!sweep_armed_) arm_sweep();
}

void connection_pool::keep(std::size_t idle_max) {
    idle_max_ = idle_max;
    if (idle_.size() > idle_max) idle_.erase(idle_.begin(), idle_.end() - static_cast<std::ptrdiff_t>(idle_max));
}

void connection_pool::close_all() {
    idle_.clear();
    sweeper_.disarm();
    sweep_armed_ = false;
}

void connection_pool::died(std::uint64_t generation) {
    if (generation != generation_) return;
    ++generation_;
    close_all();
    if (++deaths_ >= deaths_max) keeps_from_ = steady::now() + keeps_none_for;
}

void connection_pool::was_used_again() { deaths_ = 0; }

void connection_pool::arm_sweep() {
    sweep_armed_ = true;
    sweeper_.arm(idle_.front().since + idle_for_, [this] { sweep(); });
}

void connection_pool::sweep() {
    sweep_armed_ = false;
    const steady::time_point now = steady::now();
    std::erase_if(idle_, [&](const entry& each) { return now - each.since >= idle_for_; });
    if (!idle_.empty()) arm_sweep();
}

}  // namespace consent_sync::http
