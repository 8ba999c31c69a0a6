#include "integration/ledger_rows.hpp"

#include <limits>
#include <unordered_map>

#include "ledger/block_reader.hpp"

namespace consent_sync::integration {

std::vector<ledger_row> read_rows(ledger::database& db) {
    std::unordered_map<std::int64_t, std::int64_t> superseded_by;
    auto reasons = db.prepare("SELECT id, superseded_by FROM reasons WHERE superseded_by IS NOT NULL");
    while (reasons.step()) superseded_by[reasons.integer(0)] = reasons.integer(1);
    std::vector<ledger_row> rows;
    const consent::place last(std::numeric_limits<std::int64_t>::max());
    ledger::block_reader(db).scan(consent::place(), last, [&](const ledger::scanned_row& at) {
        const auto newer = superseded_by.find(at.id.id());
        rows.push_back({at.row.change(at.id), at.end ? static_cast<std::size_t>(at.end->verdict) : 0,
                        newer == superseded_by.end() ? 0 : newer->second});
    });
    return rows;
}

}  // namespace consent_sync::integration
