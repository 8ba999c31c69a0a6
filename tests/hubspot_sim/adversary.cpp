#include "hubspot_sim/adversary.hpp"

#include <algorithm>

namespace consent_sync::hubspot_sim {
namespace {

using random_hubspot::drawn;

fault_kind kind_of(drawn::way how) {
    switch (how) {
        case drawn::way::answered: return fault_kind::answer;
        case drawn::way::cut: return fault_kind::cut;
        case drawn::way::silent: return fault_kind::stall;
        case drawn::way::lost:
        case drawn::way::dead:
        case drawn::way::unreachable: break;
    }
    return fault_kind::reset;
}

}  // namespace

adversary::adversary(std::uint64_t seed) : luck_(seed) {
    using random_hubspot::fault;
    const std::vector<fault> kinds = {fault::odd_body,   fault::respelled,    fault::not_json,  fault::unclear,
                                      fault::refused,    fault::named,        fault::forbidden, fault::misconfigured,
                                      fault::too_large,  fault::rate_limited, fault::locked,    fault::unavailable,
                                      fault::odd_status, fault::lost,         fault::silent};
    habits_ = random_hubspot::draw_habits(kinds, luck_);
    habits_.good = std::max(habits_.good, 0.3);
    habits_.weight(fault::silent) = std::min(habits_.weight(fault::silent), 1.0);
    habits_.long_waits = false;
    habits_.respells = luck_.pick({0.0, 0.3});
    habits_.delay_most = milliseconds(luck_.pick<int>({5, 100}));
    habits_.late_most = milliseconds(800);
    cuts_ = luck_.pick({0.0, 0.02, 0.2});
    closes_ = luck_.pick({0.0, 0.1});
}

adversary::move adversary::next(const std::vector<input>& inputs, std::int64_t now) {
    std::vector<random_hubspot::asked> changes;
    for (const input& in : inputs) changes.push_back({in.subscriber, in.subscription, std::string(in.status)});
    const drawn d = random_hubspot::draw_answer(changes, habits_, now, luck_);
    move m;
    m.what.kind = kind_of(d.how);
    m.what.status_code = d.status;
    m.what.body = fault_body::custom;
    m.what.text = d.body;
    m.what.delay = d.delay;
    m.what.cut_at = d.cut_at;
    m.what.then_close = luck_.of(closes_);
    for (const auto& header : d.headers)
        if (header.first == "Retry-After" || header.first == "Location") m.what.headers.push_back(header);
    for (const auto& when : d.applied) {
        m.applied.push_back(when.has_value());
        if (when && when->count() > 0) m.what.late = std::max(m.what.late.value_or(milliseconds(0)), *when);
    }
    return m;
}

}  // namespace consent_sync::hubspot_sim
