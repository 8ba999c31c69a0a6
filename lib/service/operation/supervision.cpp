#include "service/operation/supervision.hpp"

#include <chrono>
#include <cmath>
#include <utility>

#include "async/log_task_failed.hpp"
#include "base/log.hpp"

namespace consent_sync::service {
namespace {

constexpr base::milliseconds status_every{5'000};
constexpr auto progress_every = std::chrono::minutes(1);
constexpr base::milliseconds after_grace{30'000};  // reports, and a name lookup that cannot be cut short
constexpr base::milliseconds extension{60'000};    // of the start, from the last progress

}  // namespace

supervision::supervision(const boost::asio::any_io_executor& home, const base::clock& clock, subject& of)
    : clock_(clock), subject_(of), feed_timer_(home), status_timer_(home), tasks_(home, async::log_task_failed) {
    if (const auto interval = observe::watchdog_interval()) watch_.emplace(*interval);
}

void supervision::ready() {
    logged_at_ = clock_.now().steady;
    told_ = observe::status_line(facts());
    observe::notify_ready(told_);
    ready_ = true;
    tell_status_after(status_every);
    if (watch_) feed();
}

void supervision::reloading() { observe::notify_reloading(); }

void supervision::reloaded() {
    told_ = observe::status_line(facts());
    observe::notify_ready(told_);
}

void supervision::stopping(base::milliseconds grace) {
    stopping_ = true;
    status_timer_.cancel();
    observe::notify_stopping("stopping: requests under way end");
    observe::notify_extend_timeout(grace + after_grace);
}

void supervision::ended() {
    feed_timer_.cancel();
    status_timer_.cancel();
}

boost::asio::awaitable<bool> supervision::drain(base::steady_time deadline) {
    tasks_.cancel();
    co_return co_await tasks_.wait_empty(deadline);
}

// The known facts. If they are old, newer ones are fetched, and then the status is sent again.
observe::status_facts supervision::facts() {
    if (!subject_.facts_are_fresh() && tasks_.size() == 0) tasks_.spawn("status", refresh());
    return subject_.facts();
}

boost::asio::awaitable<void> supervision::refresh() {
    co_await subject_.refresh();
    changed();
}

// During a stop nothing new begins, so nothing is overdue.
void supervision::feed() {
    const base::steady_time now = clock_.now().steady;
    const bool moves = stopping_ || watch_->moves(subject_.due(), now);
    if (moves) observe::notify_alive();
    if (!moves && !stalled_)
        base::log_event(
            base::level::error, "daemon.stalled",
            {{"words",
              "work is overdue, which is a bug. The daemon no longer notifies the watchdog, so systemd restarts it; "
              "without systemd restart it, and report it with the log around it"}});
    stalled_ = !moves;
    feed_timer_.expires_after(watch_->ask_every());
    feed_timer_.async_wait([this](boost::system::error_code ec) {
        if (!ec) feed();
    });
}

// Not within this call: the caller may be in the middle of a step.
void supervision::changed() {
    if (ready_ && !stopping_) tell_status_after(base::milliseconds(0));
}

void supervision::tell_status_after(base::milliseconds wait) {
    status_timer_.expires_after(wait);
    status_timer_.async_wait([this](boost::system::error_code ec) {
        if (ec || stopping_) return;
        base::tell_left_out(base::left_out::of_ended_minutes);
        const observe::status_facts found = facts();
        log_progress(found);
        std::string now = observe::status_line(found);
        if (now != told_) observe::notify_status(now);
        told_ = std::move(now);
        tell_status_after(status_every);
    });
}

void supervision::log_progress(const observe::status_facts& facts) {
    const base::steady_time now = clock_.now().steady;
    if (now - logged_at_ < progress_every) return;
    logged_at_ = now;
    if (facts.changes == 0) return;
    base::log_event(base::level::info, "daemon.progress",
                    {{"files", facts.files},
                     {"changes_left", facts.changes},
                     {"per_second", std::llround(facts.per_second)},
                     {"in_flight", facts.in_flight},
                     {"paused", facts.pause},
                     {"status", observe::status_line(facts)}});
}

std::function<void()> extend_start(base::milliseconds every) {
    using clock = std::chrono::steady_clock;
    return [every, told = clock::now()]() mutable {
        if (clock::now() - told < every) return;
        told = clock::now();
        observe::notify_starting("starting: the ledger is made ready", extension);
    };
}

}  // namespace consent_sync::service
