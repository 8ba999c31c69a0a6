#include "simulation/digest.hpp"

#include <algorithm>

namespace consent_sync::simulation {
namespace {

// The order in which things of one step are written does not matter.
template <class Things, class Describe>
void add_all(digest& to, const Things& things, Describe describe) {
    std::vector<std::uint64_t> each;
    for (const auto& thing : things) {
        digest one;
        describe(one, thing);
        each.push_back(one.value());
    }
    std::sort(each.begin(), each.end());
    for (const std::uint64_t value : each) to.add(value);
}

std::uint64_t number(consent::place p) { return static_cast<std::uint64_t>(p.id()); }
std::uint64_t number(base::wall_time t) { return static_cast<std::uint64_t>(base::to_unix_ms(t)); }

}  // namespace

void digest::add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) {
        value_ = (value_ ^ (number & 0xff)) * 1099511628211u;
        number >>= 8;
    }
}

void digest::add(std::string_view text) {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
    add(text.size());
}

void digest::add(const ledger::ledger_change& step, std::int64_t now_ms) {
    add(static_cast<std::uint64_t>(now_ms));
    for (const auto& b : step.begins) {
        add(static_cast<std::uint64_t>(b.id));
        add(static_cast<std::uint64_t>(b.batch));
        add(b.number);
        add(b.assertion);
        add(number(b.begun_at));
        for (const consent::place p : b.changes) add(number(p));
        for (const auto& [place, hash] : b.overtakes) add(number(place) ^ hash);
    }
    for (const auto& e : step.ends) {
        add(static_cast<std::uint64_t>(e.id));
        add(number(e.ended_at));
        add(e.outcome);
        add(e.status);
        add(static_cast<std::uint64_t>(e.duration.count()));
        add(e.correlation_id);
        add(e.category);
        add(e.message);
        add_all(*this, e.unsettled, [](digest& d, consent::place p) { d.add(number(p)); });
    }
    add_all(*this, step.settled, [](digest& d, const ledger::settled_change& s) {
        d.add(number(s.id));
        d.add(static_cast<std::uint64_t>(s.attempt));
        d.add(static_cast<std::uint64_t>(s.verdict));
        d.add(static_cast<std::uint64_t>(s.success));
        d.add(static_cast<std::uint64_t>(s.hubspot_time_ms));
        if (!s.reason) return;
        d.add(s.reason->category);
        d.add(s.reason->message);
        d.add(s.reason->correlation_id);
        d.add(number(s.reason->superseded_by));
    });
    // A duty is written as often as it changes: the last one counts.
    std::vector<ledger::late_write> late;
    for (auto l = step.late_writes.rbegin(); l != step.late_writes.rend(); ++l)
        if (std::none_of(late.begin(), late.end(),
                         [&](const auto& other) { return other.hash == l->hash && other.change == l->change; }))
            late.push_back(*l);
    add_all(*this, late, [](digest& d, const ledger::late_write& l) {
        d.add(l.hash);
        d.add(number(l.change));
        d.add(number(l.quiet_at));
        d.add(static_cast<std::uint64_t>(l.opt_out + 2 * l.rejected + 4 * l.confirmed));
    });
    for (const auto* pairs : {&step.quiet, &step.deferred})
        add_all(*this, *pairs, [](digest& d, const auto& pair) { d.add(pair.first ^ number(pair.second)); });
    if (step.low_water) add(number(*step.low_water));
    for (const auto& p : step.pauses) {
        add(p.reason);
        add(number(p.until));
        add(p.words);
    }
    for (const auto& reason : step.ended_pauses) add(reason);
    for (const auto& [name, value] : step.meta) {
        add(name);
        add(static_cast<std::uint64_t>(value));
    }
}

std::uint64_t digest::of_verdicts(const witness& watch) {
    digest d;
    for (const auto& [id, row] : watch.rows()) {
        d.add(static_cast<std::uint64_t>(id));
        d.add(static_cast<std::uint64_t>(row.verdict));
    }
    return d.value();
}

}  // namespace consent_sync::simulation
