#include "hubspot_sim/oracle_text.hpp"

#include "hubspot_sim/text.hpp"

namespace consent_sync::hubspot_sim {
namespace {

// Writes the fields of one object.
class object_writer {
  public:
    explicit object_writer(std::string& to) : to_(to) { to_.push_back('{'); }
    void end() { to_.push_back('}'); }

    object_writer& name(std::string_view field) {
        if (!first_) to_.push_back(',');
        first_ = false;
        append_quoted(to_, field);
        to_.push_back(':');
        return *this;
    }
    object_writer& number(std::string_view field, std::uint64_t value) {
        name(field);
        append_number(to_, static_cast<std::int64_t>(value));
        return *this;
    }
    object_writer& signed_number(std::string_view field, std::int64_t value) {
        name(field);
        append_number(to_, value);
        return *this;
    }
    object_writer& text(std::string_view field, std::string_view value) {
        name(field);
        append_quoted(to_, value);
        return *this;
    }
    // Left out when empty.
    object_writer& some_text(std::string_view field, std::string_view value) {
        return value.empty() ? *this : text(field, value);
    }

  private:
    std::string& to_;
    bool first_ = true;
};

}  // namespace

void append_line(std::string& to, const change_record& c) {
    object_writer line(to);
    line.number("sequence", c.sequence).signed_number("at_ms", c.at_ms).number("request", c.request);
    line.text("subscriberIdString", c.subscriber).signed_number("subscriptionId", c.subscription);
    line.text("channel", c.channel).text("statusState", c.status).some_text("legalBasis", c.basis);
    if (c.explanation) line.text("legalBasisExplanation", *c.explanation);
    line.some_text("setStatusSuccessReason", c.reason).end();
    to.push_back('\n');
}

void append_line(std::string& to, const request_record& r) {
    object_writer line(to);
    line.number("request", r.number).signed_number("arrived_ms", r.arrived_ms).signed_number("ended_ms", r.ended_ms);
    line.number("connection", r.connection).number("token", r.token).number("status", r.status);
    line.number("changes", r.changes).some_text("fault", r.fault).text("correlationId", r.correlation_id).end();
    to.push_back('\n');
}

void append_line(std::string& to, std::string_view key, const key_state& s) {
    const std::size_t first = key.find('\n');
    const std::size_t second = key.rfind('\n');
    object_writer line(to);
    line.text("subscriberIdString", key.substr(0, first));
    line.name("subscriptionId");
    to.append(key.substr(first + 1, second - first - 1));
    line.text("channel", key.substr(second + 1)).text("status", s.status).some_text("legalBasis", s.basis);
    if (s.explanation) line.text("legalBasisExplanation", *s.explanation);
    line.number("sequence", s.sequence).signed_number("at_ms", s.at_ms).number("request", s.request).end();
    to.push_back('\n');
}

std::string format_counters(const counter_values& c) {
    std::string to;
    object_writer all(to);
    all.number("requests", c.requests).number("changes_received", c.changes_received);
    all.number("changes_applied", c.changes_applied).number("keys", c.keys);
    all.number("rate_limited", c.rate_limited).number("daily_limited", c.daily_limited);
    all.number("in_flight", c.in_flight).number("in_flight_max", c.in_flight_max);
    all.number("in_window_max", c.in_window_max).number("late_pending", c.late_pending);
    all.number("connections_accepted", c.connections_accepted).number("connections_open", c.connections_open);
    all.number("token_refreshes", c.token_refreshes).number("script_left", c.script_left);

    all.name("violations");
    object_writer violations(to);
    violations.number("total", c.violations.sum()).number("twice_in_request", c.violations.twice_in_request);
    violations.number("twice_in_flight", c.violations.twice_in_flight).name("texts");
    to.push_back('[');
    for (std::size_t i = 0; i < c.violation_texts.size(); ++i) {
        if (i != 0) to.push_back(',');
        append_quoted(to, c.violation_texts[i]);
    }
    to.push_back(']');
    violations.end();

    all.name("statuses");
    object_writer statuses(to);
    for (const auto& [status, count] : c.statuses) statuses.number(std::to_string(status), count);
    statuses.end();
    all.name("faults");
    object_writer faults(to);
    for (const auto& [name, count] : c.faults) faults.number(name, count);
    faults.end();
    all.end();
    to.push_back('\n');
    return to;
}

}  // namespace consent_sync::hubspot_sim
