// Counts since the start, of what is on record in the ledger: attempts, verdicts, latencies, and the pace of the last
// minute. Home thread only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "ledger/records.hpp"

namespace consent_sync::observe {

// A histogram in the form of Prometheus: counts by upper bound, and the sum of the values.
class histogram {
  public:
    explicit histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1, 0) {}
    void add(double value);
    std::span<const double> bounds() const { return bounds_; }
    std::uint64_t below(std::size_t index) const;  // at or below bounds()[index]
    std::uint64_t count() const { return count_; }
    double sum() const { return sum_; }

  private:
    std::vector<double> bounds_;  // ascending
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
};

// Changes a second over the last minute (or since the start, if that is less).
class pace_meter {
  public:
    void add(std::uint64_t changes, base::steady_time now);
    double per_second(base::steady_time now, base::steady_time started) const;

  private:
    static constexpr std::int64_t seconds = 60;
    struct slot {
        std::int64_t second = -1;
        std::uint64_t changes = 0;
    };
    std::array<slot, seconds> slots_{};
};

class counters {
  public:
    counters();

    // A step of the engine is on disk, except for the verdicts at the indices `refused` of its `settled`.
    void committed(const ledger::ledger_change& change, std::span<const std::size_t> refused, base::steady_time now);
    void ended(consent::verdict verdict, std::uint64_t rows);  // while they were read
    void file_read() { ++files_read_; }
    void file_done() { ++files_done_; }
    void file_refused() { ++files_refused_; }
    void noticed(std::string_view event);  // a notice of the engine: pauses that begin

    const ledger::verdict_counts& verdicts() const { return verdicts_; }
    // Attempts that ended, by HTTP status; 0: there was no answer.
    const std::map<unsigned, std::uint64_t>& requests() const { return requests_; }
    std::uint64_t assertions() const { return assertions_; }
    const histogram& latency() const { return latency_; }  // seconds
    const histogram& batch_size() const { return batch_size_; }
    std::uint64_t files_read() const { return files_read_; }
    std::uint64_t files_done() const { return files_done_; }
    std::uint64_t files_refused() const { return files_refused_; }
    std::uint64_t pauses_begun() const { return pauses_begun_; }
    // Second verdicts for a change, which the ledger refused. Each is a bug.
    std::uint64_t verdicts_refused() const { return verdicts_refused_; }
    base::wall_time last_confirmed() const { return last_confirmed_; }  // the epoch: none yet
    const pace_meter& pace() const { return pace_; }

  private:
    ledger::verdict_counts verdicts_{};
    std::map<unsigned, std::uint64_t> requests_;
    std::uint64_t assertions_ = 0, files_read_ = 0, files_done_ = 0, files_refused_ = 0, pauses_begun_ = 0;
    std::uint64_t verdicts_refused_ = 0;
    base::wall_time last_confirmed_{};
    histogram latency_, batch_size_;
    pace_meter pace_;
};

}  // namespace consent_sync::observe
