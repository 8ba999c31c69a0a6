// Helpers for scenarios: hand-written worlds, each for one claim.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "simulation/world.hpp"

namespace consent_sync::simulation {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline world_profile calm_profile() {
    world_profile p;
    p.settings = plain_settings();
    p.hubspot.limit = 190;
    p.hubspot.latency_least = milliseconds(100);
    p.hubspot.latency_most = milliseconds(200);
    p.hubspot.next_midnight = [](base::wall_time t) {
        const auto day = std::chrono::hours(24);
        return base::wall_time(
            std::chrono::duration_cast<base::wall_time::duration>((t.time_since_epoch() / day + 1) * day));
    };
    p.intake.chunk_least = p.intake.chunk_most = 100'000;
    p.intake.chunk_gap_most = milliseconds(0);
    p.expects_end = false;  // no rows except those of the scenario
    p.faults_end = hours(24 * 365);
    return p;
}

inline planned_file make_file(base::steady_time::duration arrives, std::vector<consent::change> changes) {
    planned_file f;
    f.arrives = arrives;
    for (consent::change& c : changes) {
        planned_row row;
        row.change = std::move(c);
        f.rows.push_back(std::move(row));
    }
    return f;
}

inline std::string address(std::size_t n) { return "person" + std::to_string(n) + "@example.org"; }

inline planned_file many_opt_ins(base::steady_time::duration arrives, std::size_t count, std::size_t from = 0) {
    std::vector<consent::change> changes;
    for (std::size_t i = 0; i < count; ++i) changes.push_back(opt_in(address(from + i)));
    return make_file(arrives, std::move(changes));
}

// The row of file `file` (in order of the plan), counted from 1.
inline const oracle::row_state& row_of(world& w, std::size_t file, std::uint64_t row) {
    return w.watch.row(consent::place(w.intake.arrival_of(file), row));
}
inline std::string_view verdict_of(world& w, std::size_t file, std::uint64_t row) {
    return consent::name(row_of(w, file, row).verdict);
}
inline std::size_t count_verdicts(world& w, consent::verdict v) {
    return static_cast<std::size_t>(std::count_if(w.watch.rows().begin(), w.watch.rows().end(),
                                                  [v](const auto& r) { return r.second.verdict == v; }));
}
inline void run_until_settled(world& w, base::steady_time::duration at_most, std::size_t rows) {
    w.run_until([&] { return w.watch.rows().size() >= rows && w.watch.all_settled(); }, w.passed() + at_most);
}
inline void run_until_quiet(world& w, base::steady_time::duration at_most) {
    w.run_until(
        [&] {
            return w.watch.all_settled() && w.intake.all_done() && w.daemon.running() &&
                   w.daemon.engine().status(w.time.now()).late_write_duties == 0 && w.daemon.engine().idle();
        },
        w.passed() + at_most);
    w.check_end();
}

}  // namespace consent_sync::simulation
