// How much of the day files of one kind ("batches.ndjson") is complete, as the ledger records it: a text in its meta
// table, with the number of the last end that was reported and the length of each day's file.
//
//   "4711 2026-11-23=10432 2026-11-24=998"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace consent_sync::report {

inline constexpr std::size_t watermark_days_max = 8;  // the days used last; an older one is taken up anew

struct watermark {
    std::int64_t end_number = 0;
    std::vector<std::pair<std::string, std::uint64_t>> days;  // date, length in bytes; the day used last is last

    // Nothing: there is no record of the day.
    const std::uint64_t* find(std::string_view day) const;
    void set(const std::string& day, std::uint64_t length);

    bool operator==(const watermark&) const = default;
};

std::string format(const watermark& mark);
// Requires: text of format(), or "". Reading stops at what is not understood.
watermark parse_watermark(std::string_view text);

}  // namespace consent_sync::report
