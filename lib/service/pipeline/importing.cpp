#include "service/pipeline/importing.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "config/units.hpp"

namespace consent_sync::service {
namespace {

constexpr std::size_t subscriptions_named_max = 20;

}  // namespace

std::optional<ledger::reason> unknown_subscription(const known_subscriptions& known, const consent::change& c) {
    if (!known) return std::nullopt;
    const auto at = std::lower_bound(known->begin(), known->end(), c.subscription,
                                     [](const auto& each, std::int64_t id) { return each.id < id; });
    const bool there = at != known->end() && at->id == c.subscription;
    if (there && at->active) return std::nullopt;
    std::string words = "subscriptionId: HubSpot has ";
    words += there ? "switched this subscription off" : "no such subscription";
    words += " in this account; there are:";
    std::size_t listed = 0;
    for (const auto& each : *known) {
        if (!each.active) continue;
        if (listed++ == subscriptions_named_max) {
            words += " …";
            break;
        }
        words += (listed == 1 ? " " : ", ") + std::to_string(each.id) + " (" + each.name + ")";
    }
    if (listed == 0) words += " none";
    return ledger::reason{there ? "inactive_subscription" : "unknown_subscription", std::move(words), "", {}};
}

import_piece make_piece(consent::arrival_number arrival, std::vector<intake::row>& rows, bool duplicate,
                        intake::read_position position, const known_subscriptions& known,
                        std::vector<ledger::new_row> storage) {
    import_piece piece;
    piece.arrival = arrival;
    piece.position = position;
    piece.rows = std::move(storage);
    piece.rows.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        intake::row& row = rows[i];
        ledger::new_row& stored = piece.rows[i];
        stored.change = std::move(row.change);
        stored.change.id = consent::place(arrival, row.number);
        stored.original = {};
        stored.offset = row.offset;
        stored.invalid.reset();
        const bool opt_out = stored.change.is_opt_out();
        std::optional<ledger::reason> unknown;
        if (!row.fault && !(opt_out && piece.doubted.contains(stored.change.subscription)))
            unknown = unknown_subscription(known, stored.change);
        if (unknown && opt_out) piece.doubted.emplace(stored.change.subscription, std::move(unknown->message));
        if (unknown && !opt_out) {
            stored.invalid = std::move(unknown);
        } else if (row.fault) {
            stored.invalid = ledger::reason{std::move(row.fault->category), std::move(row.fault->message), "", {}};
        } else if (duplicate && !opt_out) {
            stored.invalid = ledger::reason{
                "duplicate_file",
                "a file with the same content was dropped before; of such a file only opt-outs are sent again",
                "",
                {}};
        } else {
            if (row.change_id != 0) {
                stored.original = consent::place(row.change_id);
                piece.returning.push_back(i);
            }
            piece.opt_outs = piece.opt_outs || opt_out;
        }
    }
    return piece;
}

void tell_held(consent::arrival_number arrival, const std::string& why) {
    const std::string id = consent::format_file_id(arrival);
    base::log_event(base::level::error, "file.held",
                    {{"file", id},
                     {"words", why + "; its opt-outs go ahead, its other rows wait for: consent-sync release " + id +
                                   ", or: consent-sync refuse " + id}});
}

std::string why_held(const config::rule_settings& rules, std::uint64_t opt_ins, std::uint64_t rows) {
    std::string limit;
    if (rules.hold_above_rows && opt_ins > *rules.hold_above_rows) limit = std::to_string(*rules.hold_above_rows);
    if (rules.hold_above_share && static_cast<double>(opt_ins) > *rules.hold_above_share * static_cast<double>(rows))
        limit = config::format_share(*rules.hold_above_share);
    if (limit.empty()) return {};
    return std::to_string(opt_ins) + " of its " + std::to_string(rows) +
           " rows are SUBSCRIBED, and rules.hold_above is " + limit;
}

std::string settle_gate(ledger::store& store, consent::arrival_number arrival, const config::rule_settings& rules) {
    const auto file = store.files().find(arrival);
    std::string held = why_held(rules, store.changes().count_opt_ins(arrival), file->rows);
    store.files().set_gate(arrival, held.empty() ? ledger::file_gate::open : ledger::file_gate::held);
    return held;
}

bool import(ledger::store& store, import_piece& piece, const config::rule_settings& rules, base::wall_time now) {
    bool returning = false;
    for (const std::size_t index : piece.returning) {
        ledger::new_row& row = piece.rows[index];
        if (store.changes().issued(row.original, row.change)) {
            returning = true;
            continue;
        }
        row.invalid = ledger::reason{"unknown_change_id",
                                     "the change_id was not issued by this ledger for this address and subscription: "
                                     "remove the column to send the row as a new change",
                                     "",
                                     {}};
    }
    const auto file = store.files().find(piece.arrival);
    const bool opt_out_stands = file && rules.contradictions == config::contradiction_rule::opt_out;
    if (opt_out_stands) store.standing().mark(*file, piece.rows);
    piece.invalid = piece.contradicted = 0;
    for (const ledger::new_row& row : piece.rows) {
        piece.invalid += row.invalid.has_value();
        piece.contradicted += static_cast<bool>(row.contradicted_by);
    }
    bool gated = file && file->gate == ledger::file_gate::check;
    const bool held = file && file->gate == ledger::file_gate::held;  // its release looks for newer changes
    if (returning && !gated && !held) {
        store.files().set_gate(piece.arrival, ledger::file_gate::check);
        gated = true;
    }
    store.changes().append(piece.rows);
    store.files().progress(piece.arrival, piece.position.rows, piece.position.offset, piece.invalid);
    if (piece.ended) {
        store.files().end_reading({piece.arrival, now, piece.fault, piece.ignored_columns, piece.size,
                                   piece.modified_ns, piece.sha256, piece.open_row});
        if (opt_out_stands)
            piece.contradictions =
                store.standing().end_file(*file) + store.changes().count_contradictions(piece.arrival);
        else if (file)
            store.standing().forget(*file);
        if (!gated && file && file->gate == ledger::file_gate::counting)
            piece.held = settle_gate(store, piece.arrival, rules);
    }
    return gated;
}

}  // namespace consent_sync::service
