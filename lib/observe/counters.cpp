#include "observe/counters.hpp"

#include <algorithm>
#include <numeric>

namespace consent_sync::observe {

void histogram::add(double value) {
    const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    ++counts_[static_cast<std::size_t>(bound - bounds_.begin())];
    ++count_;
    sum_ += value;
}

std::uint64_t histogram::below(std::size_t index) const {
    return std::accumulate(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::uint64_t{0});
}

void pace_meter::add(std::uint64_t changes, base::steady_time now) {
    const std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    slot& s = slots_[static_cast<std::size_t>(second % seconds)];
    if (s.second != second) s = {second, 0};
    s.changes += changes;
}

double pace_meter::per_second(base::steady_time now, base::steady_time started) const {
    const std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    std::uint64_t sum = 0;
    for (const slot& s : slots_)
        if (s.second >= 0 && second - s.second < seconds) sum += s.changes;
    const double lived = std::chrono::duration<double>(now - started).count();
    return static_cast<double>(sum) / std::clamp(lived, 1.0, static_cast<double>(seconds));
}

counters::counters()
    : latency_({0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 120}),
      batch_size_({1, 2, 5, 10, 20, 50, 75, 100, 200, 500, 1000}) {}

void counters::committed(const ledger::ledger_change& change, std::span<const std::size_t> refused,
                         base::steady_time now) {
    for (const ledger::attempt_begin& begin : change.begins) {
        batch_size_.add(static_cast<double>(begin.changes.size()));
        assertions_ += begin.assertion;
    }
    for (const ledger::attempt_end& end : change.ends) {
        ++requests_[end.status];
        latency_.add(static_cast<double>(end.duration.count()) / 1000.0);
    }
    for (const ledger::settled_change& settled : change.settled) ++verdicts_[static_cast<std::size_t>(settled.verdict)];
    for (const std::size_t place : refused) --verdicts_[static_cast<std::size_t>(change.settled[place].verdict)];
    verdicts_refused_ += refused.size();
    const bool confirmed = std::any_of(change.settled.begin(), change.settled.end(),
                                       [](const auto& s) { return s.verdict == consent::verdict::confirmed; });
    if (confirmed && !change.ends.empty()) last_confirmed_ = std::max(last_confirmed_, change.ends.back().ended_at);
    if (!change.settled.empty()) pace_.add(change.settled.size(), now);
}

void counters::ended(consent::verdict verdict, std::uint64_t rows) {
    verdicts_[static_cast<std::size_t>(verdict)] += rows;
}

void counters::noticed(std::string_view event) { pauses_begun_ += event == "pause.begun"; }

}  // namespace consent_sync::observe
