// The ledger on a real disk: appending rows, fetching them in order, settling a batch.
#include <benchmark/benchmark.h>

#include "bench/micro/samples.hpp"
#include "ledger/store.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::bench {
namespace {

constexpr std::size_t piece = 4'096;
constexpr std::size_t pieces = 25;

// A ledger with one open file of `pieces` pieces.
struct filled_ledger {
    filled_ledger() : store(ledger::store::open(folder / "ledger.db").value()) {}

    void append(const std::vector<consent::change>& changes) {
        for (std::size_t from = 0; from < changes.size(); from += piece) {
            std::vector<ledger::new_row> rows;
            for (std::size_t i = from; i < std::min(from + piece, changes.size()); ++i)
                rows.push_back({changes[i], {}, i * 100, {}, {}});
            run([&](ledger::store& s) { s.changes().append(rows); });
        }
    }
    void run(const std::function<void(ledger::store&)>& work) { store->transact(work).value(); }

    base::temp_folder folder;
    std::unique_ptr<ledger::store> store;
};

void append(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        filled_ledger ledger;
        const auto changes = make_changes(piece * pieces);
        state.ResumeTiming();
        ledger.append(changes);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * piece * pieces));
}
BENCHMARK(append)->Unit(benchmark::kMillisecond);

void settle_by_hundreds(benchmark::State& state) {
    const auto changes = make_changes(piece * pieces);
    for (auto _ : state) {
        state.PauseTiming();
        filled_ledger ledger;
        ledger.append(changes);
        state.ResumeTiming();
        for (std::size_t from = 0; from + 1'000 <= changes.size(); from += 1'000)  // ten batches share a commit
            ledger.run([&](ledger::store& s) {
                std::vector<ledger::settled_change> settled(1'000);
                for (std::size_t i = 0; i < settled.size(); ++i) {
                    settled[i].id = changes[from + i].id;
                    settled[i].attempt = static_cast<ledger::attempt_id>(from / 100 + i / 100 + 1);
                    settled[i].hubspot_time_ms = 1'767'000'000'000;
                }
                s.changes().settle(settled);
            });
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * piece * pieces));
}
BENCHMARK(settle_by_hundreds)->Unit(benchmark::kMillisecond);

// As a file with one opt-out in ten is settled: they go in batches of their own, so nothing is in one piece.
void settle_mixed(benchmark::State& state) {
    const auto changes = make_changes(piece * pieces);
    for (auto _ : state) {
        state.PauseTiming();
        filled_ledger ledger;
        ledger.append(changes);
        state.ResumeTiming();
        for (std::size_t from = 0; from + 1'000 <= changes.size(); from += 1'000)
            ledger.run([&](ledger::store& s) {
                for (const bool opt_outs : {true, false}) {
                    std::vector<ledger::settled_change> settled;
                    for (std::size_t i = from; i < from + 1'000; ++i) {
                        if (changes[i].is_opt_out() != opt_outs) continue;
                        ledger::settled_change& end = settled.emplace_back();
                        end.id = changes[i].id;
                        end.attempt = static_cast<ledger::attempt_id>(opt_outs ? from / 1'000 + 1 : 1'000 + i / 100);
                        end.hubspot_time_ms = 1'767'000'000'000;
                    }
                    s.changes().settle(settled);
                }
            });
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * piece * pieces));
}
BENCHMARK(settle_mixed)->Unit(benchmark::kMillisecond);

void fetch_bulk(benchmark::State& state) {
    filled_ledger ledger;
    ledger.append(make_changes(piece * pieces));
    ledger.run([](ledger::store& s) {
        ledger::file_record file;
        file.name = file.stored_name = "a.csv";
        s.files().add({&file, 1});
        s.files().claimed(file);
        s.files().begin_reading(file.arrival, "", std::nullopt);
        s.files().end_reading({file.arrival, {}, "", "", 0, 0});
    });
    for (auto _ : state) {
        std::size_t count = 0;
        ledger.run([&](ledger::store& s) {
            consent::place after;
            for (bool end = false; !end;) {
                const ledger::fetched found = s.changes().fetch_bulk(after, consent::place(INT64_MAX), 2'000);
                count += found.changes.size();
                after = found.scanned_to;
                end = found.reached_end;
            }
        });
        benchmark::DoNotOptimize(count);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * piece * pieces));
}
BENCHMARK(fetch_bulk)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace consent_sync::bench
