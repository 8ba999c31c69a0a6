// Choosing: admitting changes and taking them, with many keys that have more than one change waiting.
#include <benchmark/benchmark.h>

#include <deque>
#include <unordered_map>

#include "bench/micro/samples.hpp"
#include "consent/key.hpp"
#include "delivery/lanes.hpp"

namespace consent_sync::bench {
namespace {

// range(0): changes of each key; all but the first wait behind it.
void choose(benchmark::State& state) {
    const auto changes_a_key = static_cast<std::size_t>(state.range(0));
    constexpr std::size_t count = 50'000;
    auto changes = make_changes(count);
    for (std::size_t i = 0; i < count; ++i) {
        changes[i].subscriber = "person" + std::to_string(i / changes_a_key) + "@example.com";
        changes[i].subscription = 7;
        changes[i].state = consent::status_state::subscribed;
    }
    for (auto _ : state) {
        delivery::lanes lanes(100'000, [](ledger::batch_id, consent::place) { return nullptr; });
        delivery::lane_effects effects;
        const base::steady_time now{};
        for (const consent::change& c : changes) {
            ledger::fetched_change fetched;
            fetched.change = c;
            fetched.hash = consent::hash_key(c);
            lanes.admit(std::move(fetched), now, effects);
        }
        std::size_t taken = 0;
        consent::key_hash hash = 0;
        const auto note = [&hash](consent::change&&, consent::key_hash of) { hash = of; };
        while (lanes.take(delivery::lane::bulk, 1, note)) {
            ++taken;
            lanes.release(hash, now, effects);
        }
        if (taken != count) state.SkipWithError("changes are missing");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * count));
}
BENCHMARK(choose)->Arg(1)->Arg(10)->Arg(400)->Unit(benchmark::kMillisecond);

// Keys with a thousand changes each: more than lanes keep in memory, so the rest goes out and comes back.
void choose_deferred(benchmark::State& state) {
    constexpr std::size_t count = 50'000;
    constexpr std::size_t changes_a_key = 1'000;
    auto changes = make_changes(count);
    std::vector<consent::key_hash> hashes(count);
    for (std::size_t i = 0; i < count; ++i) {
        changes[i].subscriber = "person" + std::to_string(i % (count / changes_a_key)) + "@example.com";
        changes[i].subscription = 7;
        changes[i].state = consent::status_state::subscribed;
        hashes[i] = consent::hash_key(changes[i]);
    }
    for (auto _ : state) {
        delivery::lanes lanes(100'000, [](ledger::batch_id, consent::place) { return nullptr; });
        std::unordered_map<consent::key_hash, std::deque<std::size_t>> out;  // indices of what was deferred
        const base::steady_time now{};
        delivery::lane_effects effects;
        const auto defer = [&] {
            for (const auto& [hash, place] : effects.deferred) out[hash].push_back(place.row() - 1);
            effects.deferred.clear();
        };
        for (std::size_t i = 0; i < count; ++i) lanes.admit({changes[i], hashes[i], {}}, now, effects);
        defer();
        std::size_t taken = 0;
        consent::key_hash hash = 0;
        const auto note = [&hash](consent::change&&, consent::key_hash of) { hash = of; };
        while (lanes.take(delivery::lane::bulk, 1, note)) {
            ++taken;
            lanes.release(hash, now, effects);
            for (const consent::key_hash wanted : std::exchange(effects.wanted, {})) {
                std::deque<std::size_t>& waiting = out[wanted];
                std::vector<ledger::fetched_change> some;
                while (!waiting.empty() && some.size() < delivery::lanes::waiting_of_key_max) {
                    some.push_back({changes[waiting.front()], wanted, {}});
                    waiting.pop_front();
                }
                lanes.admit_deferred(wanted, std::move(some), waiting.empty(), now, effects);
                defer();
            }
        }
        if (taken != count) state.SkipWithError("changes are missing");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * count));
}
BENCHMARK(choose_deferred)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace consent_sync::bench
