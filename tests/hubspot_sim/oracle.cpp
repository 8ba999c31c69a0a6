#include "hubspot_sim/oracle.hpp"

#include <algorithm>

#include "hubspot_sim/oracle_text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

constexpr std::size_t violation_texts_max = 100;

change_record record_of(const input& in, std::uint64_t request, std::int64_t now_ms) {
    change_record c;
    c.at_ms = now_ms;
    c.request = request;
    c.subscriber = lower_address(in.subscriber);
    c.subscription = in.subscription;
    c.channel = in.channel;
    c.status = in.status;
    c.basis = in.basis;
    c.explanation = in.explanation;
    return c;
}

}  // namespace

base::result<void> oracle::open_file(const std::string& file) {
    if (file.empty()) return {};
    file_.open(file, std::ios::app | std::ios::binary);
    if (!file_) return base::error{base::errc::io, "cannot append to the oracle file " + file};
    return {};
}

std::uint64_t oracle::begin_request(std::int64_t now_ms, std::int64_t interval_ms, request_record r) {
    arrivals_.count(now_ms, interval_ms);
    counters.in_window_max = std::max<std::uint64_t>(counters.in_window_max, arrivals_.used(now_ms, interval_ms));
    counters.in_flight_max = std::max(counters.in_flight_max, ++counters.in_flight);
    r.number = ++counters.requests;
    r.arrived_ms = now_ms;
    if (!r.fault.empty()) ++counters.faults[r.fault];
    if (level_ == record_level::full) requests_.push_back(std::move(r));
    return counters.requests;
}

void oracle::receive(std::uint64_t request, std::int64_t now_ms, const std::vector<input>& inputs) {
    if (level_ == record_level::full) {
        for (const input& in : inputs) {
            received_.push_back(record_of(in, request, now_ms));
            received_.back().sequence = received_.size();
        }
    }
    counters.changes_received += inputs.size();
    if (request_record* r = find_request(request)) r->changes = static_cast<std::uint32_t>(inputs.size());
}

request_record* oracle::find_request(std::uint64_t number) {
    const auto found = std::lower_bound(requests_.begin(), requests_.end(), number,
                                        [](const request_record& r, std::uint64_t n) { return r.number < n; });
    return found != requests_.end() && found->number == number ? &*found : nullptr;
}

void oracle::end_request(std::uint64_t request, std::int64_t now_ms, unsigned status) {
    --counters.in_flight;
    ++counters.statuses[status];
    if (request_record* r = find_request(request)) {
        r->status = status;
        r->ended_ms = now_ms;
    }
}

void oracle::add_violation(std::uint64_t violation_counts::*kind, const std::string& text) {
    ++(counters.violations.*kind);
    if (counters.violation_texts.size() < violation_texts_max) counters.violation_texts.push_back(text);
}

std::string_view oracle::reason_for(const input& in) const {
    const auto known = states_.find(key_of(in));
    if (known == states_.end()) {
        return in.status == "NOT_SPECIFIED" ? "NO_STATUS_CHANGE" : "REQUESTED_CHANGE_OCCURRED";
    }
    if (known->second.status == in.status) return "NO_STATUS_CHANGE";
    const bool returns = known->second.status == "UNSUBSCRIBED" && in.status == "SUBSCRIBED";
    return returns ? "RESUBSCRIBE_OCCURRED" : "REQUESTED_CHANGE_OCCURRED";
}

void oracle::apply(std::uint64_t request, std::int64_t now_ms, const std::vector<input>& inputs) {
    std::string lines;
    for (const input& in : inputs) {
        const std::uint64_t sequence = ++counters.changes_applied;
        if (level_ == record_level::full || file_.is_open()) {
            change_record c = record_of(in, request, now_ms);
            c.sequence = sequence;
            c.reason = reason_for(in);
            if (file_.is_open()) append_line(lines, c);
            if (level_ == record_level::full) applied_.push_back(std::move(c));
        }
        if (level_ == record_level::none) continue;
        key_state& state = states_[key_of(in)];
        state.status = in.status;
        state.basis = in.basis;
        state.explanation = in.explanation;
        state.sequence = sequence;
        state.at_ms = now_ms;
        state.request = request;
    }
    counters.keys = states_.size();
    if (!lines.empty()) file_ << lines << std::flush;
}

}  // namespace consent_sync::hubspot_sim
