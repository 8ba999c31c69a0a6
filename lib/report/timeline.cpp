#include "report/timeline.hpp"

#include <algorithm>

#include "ledger/ranges.hpp"

namespace consent_sync::report {
namespace {

std::uint64_t rows_of(std::string_view ranges, consent::arrival_number arrival) {
    std::uint64_t rows = 0;
    for (const ledger::row_range& r : ledger::parse_ranges(ranges))
        if (r.arrival == arrival) rows += r.last - r.first + 1;
    return rows;
}

}  // namespace

double timeline::most_per_second() const {
    std::uint64_t most = 0;
    for (const moment& m : pieces) most = std::max(most, m.settled);
    return piece.count() > 0 ? static_cast<double>(most) * 1000.0 / static_cast<double>(piece.count()) : 0;
}

std::uint64_t timeline::failed() const {
    std::uint64_t all = 0;
    for (const moment& m : pieces) all += m.failed;
    return all;
}

std::optional<timeline_attempt> to_timeline(const ledger::attempt_record& attempt, consent::arrival_number arrival) {
    if (attempt.end_number == 0) return std::nullopt;
    const std::uint64_t carried = rows_of(attempt.changes, arrival);
    const std::uint64_t left = std::min(carried, rows_of(attempt.unsettled, arrival));
    timeline_attempt a;
    a.begun = attempt.begun_at;
    a.ended = attempt.ended_at;
    if (!attempt.assertion) a.settled = static_cast<std::uint32_t>(carried - left);
    a.failed = carried > 0 && left == carried;
    return a;
}

timeline make_timeline(std::span<const timeline_attempt> attempts) {
    timeline t;
    if (attempts.empty()) return t;
    t.begun = attempts.front().begun;
    base::wall_time last{};
    for (const timeline_attempt& a : attempts) {
        t.begun = std::min(t.begun, a.begun);
        last = std::max(last, a.ended);
    }
    const auto length = std::max(std::chrono::ceil<base::milliseconds>(last - t.begun), base::milliseconds(1'000));
    // Whole seconds, so that a pace is one: a few requests within some milliseconds are none.
    const std::int64_t seconds = (length.count() + 999) / 1'000;
    const std::int64_t piece =
        (seconds + static_cast<std::int64_t>(timeline_pieces) - 1) / static_cast<std::int64_t>(timeline_pieces);
    t.piece = base::milliseconds(piece * 1'000);
    t.pieces.resize(static_cast<std::size_t>((seconds + piece - 1) / piece));
    for (const timeline_attempt& a : attempts) {
        const auto at = std::chrono::duration_cast<base::milliseconds>(a.ended - t.begun) / t.piece;
        timeline::moment& m = t.pieces[std::clamp<std::size_t>(static_cast<std::size_t>(std::max<std::int64_t>(0, at)),
                                                               0, t.pieces.size() - 1)];
        m.settled += a.settled;
        m.failed += a.failed;
    }
    return t;
}

}  // namespace consent_sync::report
