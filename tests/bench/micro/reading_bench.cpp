// Rows a second of each format: decoded, validated, judged.
#include <benchmark/benchmark.h>

#include "bench/micro/samples.hpp"
#include "intake/file_reader.hpp"

namespace consent_sync::bench {
namespace {

constexpr std::size_t rows_in_file = 100'000;

void read_all(benchmark::State& state, const std::string& text, const char* name) {
    std::vector<intake::row> rows;
    for (auto _ : state) {
        auto reader = intake::file_reader::open(std::make_unique<text_source>(text), name, {});
        std::size_t count = 0;
        intake::read_result got;
        do {
            got = reader->next(rows, 4096);
            count += rows.size();
        } while (got.at == intake::read_result::state::more);
        if (count != rows_in_file) state.SkipWithError("rows are missing");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * rows_in_file));
}

void read_csv(benchmark::State& state) { read_all(state, make_csv(rows_in_file), "a.csv"); }
void read_ndjson(benchmark::State& state) { read_all(state, make_ndjson(rows_in_file), "a.ndjson"); }
void read_json(benchmark::State& state) {
    std::string text = make_ndjson(rows_in_file);
    for (char& c : text)
        if (c == '\n') c = ',';
    text.back() = ']';
    read_all(state, "[" + text, "a.json");
}
BENCHMARK(read_csv)->Unit(benchmark::kMillisecond);
BENCHMARK(read_ndjson)->Unit(benchmark::kMillisecond);
BENCHMARK(read_json)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace consent_sync::bench
