// The ledger thread in the simulation: a queue of tasks, group commit, a delay, and crashes at every point: before the
// commit, and between the commit and the moment its caller learns of it.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "ledger/store.hpp"
#include "simulation/agenda.hpp"
#include "simulation/dice.hpp"
#include "simulation/plan.hpp"

namespace consent_sync::simulation {

struct disk_profile {
    milliseconds delay_least{1}, delay_most{10};
    std::size_t group_most = 32;
    double fails = 0;  // share of transactions that are rolled back (no space) and tried again
};

class disk {
  public:
    struct task {
        std::function<void(ledger::store&)> work;
        std::function<void()> durable;  // the transaction is on disk; tells the oracle, which no crash affects
        std::function<void()> told;     // tells the daemon
    };

    disk(agenda& time, dice& luck, ledger::store& store, disk_profile profile)
        : time_(time), luck_(luck), store_(store), profile_(profile) {}

    void add(task t) {
        queue_.push_back(std::move(t));
        start();
    }
    // Everything uncommitted is lost, and nobody is told.
    void crash() {
        ++epoch_;
        queue_.clear();
        running_ = false;
    }
    bool idle() const { return queue_.empty() && !running_; }

  private:
    void start() {
        if (running_ || queue_.empty()) return;
        running_ = true;
        time_.after(luck_.between(profile_.delay_least, profile_.delay_most), [this, epoch = epoch_] {
            if (epoch == epoch_) commit();
        });
    }

    void commit() {
        const auto most = static_cast<std::int64_t>(std::min(queue_.size(), profile_.group_most));
        const auto count = static_cast<std::size_t>(luck_.between(1, most));
        const bool fails = luck_.chance(profile_.fails);
        const auto done = store_.transact([&](ledger::store& s) {
            for (std::size_t i = 0; i < count; ++i) queue_[i].work(s);
            if (fails) throw ledger::database_error(base::errc::no_space, "simulated: no space");
        });
        if (done.has_error()) {
            if (!fails) throw broken_promise("ledger: " + done.error().message);
            running_ = false;
            return start();
        }
        auto tasks = std::make_shared<std::vector<task>>();
        for (std::size_t i = 0; i < count; ++i) {
            tasks->push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
        for (const task& t : *tasks)
            if (t.durable) t.durable();
        time_.after(luck_.between(milliseconds(0), milliseconds(2)), [this, tasks, epoch = epoch_] {
            for (task& t : *tasks)
                if (epoch == epoch_ && t.told) t.told();
            if (epoch != epoch_) return;
            running_ = false;
            start();
        });
    }

    agenda& time_;
    dice& luck_;
    ledger::store& store_;
    disk_profile profile_;
    std::deque<task> queue_;
    bool running_ = false;
    std::uint64_t epoch_ = 0;
};

}  // namespace consent_sync::simulation
