// Choosing: admitting changes and taking them, with many keys that have more than one change waiting.
#include <benchmark/benchmark.h>

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
        while (auto next = lanes.take(delivery::lane::bulk, 1)) {
            ++taken;
            lanes.release(next->hash, now, effects);
        }
        if (taken != count) state.SkipWithError("changes are missing");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * count));
}
BENCHMARK(choose)->Arg(1)->Arg(10)->Arg(400)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace consent_sync::bench
