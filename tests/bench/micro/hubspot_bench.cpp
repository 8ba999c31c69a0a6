// A batch of 100 changes: its body, and the judgement of its answer.
#include <benchmark/benchmark.h>

#include "base/log.hpp"
#include "bench/micro/samples.hpp"
#include "hubspot/encode.hpp"
#include "hubspot/judge.hpp"

namespace consent_sync::bench {
namespace {

void encode(benchmark::State& state) {
    const auto batch = make_changes(100);
    for (auto _ : state) benchmark::DoNotOptimize(hubspot::encode_batch(batch));
    state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(encode);

void judge(benchmark::State& state) {
    const auto batch = make_changes(100);
    hubspot::answer answer;
    answer.status = 200;
    answer.body = make_answer(batch);
    const base::wall_time now{};
    for (auto _ : state) {
        const hubspot::judgement judged = hubspot::judge(batch, answer, now);
        for (const auto& change : judged.changes)
            if (change.outcome != hubspot::change_outcome::confirmed) state.SkipWithError("a change is not confirmed");
    }
    state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(judge);

}  // namespace
}  // namespace consent_sync::bench
