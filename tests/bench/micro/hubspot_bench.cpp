// A batch of 100 changes: its body, and the judgement of its answer.
#include <benchmark/benchmark.h>

#include "base/log.hpp"
#include "base/redact.hpp"
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

// Every answer is searched for secrets before anything of it is kept.
void mask(benchmark::State& state) {
    for (int i = 0; i < 3; ++i)
        base::register_secret("pat-na1-0000000" + std::to_string(i) + "-9b1c-4e0e-8a5f-1d2c3b4a5968");
    const std::string body = make_answer(make_changes(100));
    for (auto _ : state) {
        state.PauseTiming();
        std::string copy = body;
        state.ResumeTiming();
        benchmark::DoNotOptimize(base::mask_secrets(std::move(copy)));
    }
    state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(mask);

}  // namespace
}  // namespace consent_sync::bench
