#include "observe/history_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <vector>

#include "base/log.hpp"
#include "base/redact.hpp"
#include "base/time_text.hpp"

namespace consent_sync::observe {
namespace {

namespace json = boost::json;
using ledger::attempt_record;
using ledger::history_entry;

const attempt_record* settling(const history_entry& e) {
    const auto found =
        std::find_if(e.attempts.begin(), e.attempts.end(), [&e](const auto& a) { return a.id == e.settled_by; });
    return e.settled_by == 0 || found == e.attempts.end() ? nullptr : &*found;
}

std::string correlation_of(const history_entry& e) {
    if (!e.reason.correlation_id.empty()) return e.reason.correlation_id;
    const attempt_record* by = settling(e);
    return by ? by->correlation_id : std::string();
}

std::string time_or_nothing(base::wall_time t) { return t == base::wall_time{} ? std::string() : base::format_time(t); }

std::string verdict_text(const history_entry& e) {
    return e.verdict ? std::string(consent::name(*e.verdict)) : "waits";
}

std::string verdict_time(const history_entry& e) {
    const attempt_record* by = settling(e);
    return by ? time_or_nothing(by->ended_at) : std::string();
}

std::string hubspot_time(const history_entry& e) {
    return e.hubspot_time_ms == 0 ? std::string() : base::format_time(base::from_unix_ms(e.hubspot_time_ms));
}

std::string place_text(consent::place p) {
    return p ? fmt::format("file {} row {}", consent::format_file_id(p.arrival()), p.row()) : std::string();
}

// Escaped, so that text of a file or of HubSpot cannot control the terminal.
std::string shown(std::string_view text) { return base::escape_controls(text); }

// The message about a whole batch may name other people.
std::string attempt_message(const attempt_record& a) { return base::redact(a.message); }

std::string attempt_line(const attempt_record& a, const history_entry& e) {
    std::string line =
        fmt::format("    attempt {} of batch {}{}: {}", a.number, a.batch,
                    a.assertion ? " (assertion: sent again after its verdict)" : "", base::format_time(a.begun_at));
    line += a.end_number == 0
                ? ", under way"
                : fmt::format(", {} ms, {}, {}", a.duration.count(),
                              a.status == 0 ? std::string("no answer") : fmt::format("HTTP {}", a.status), a.outcome);
    if (!a.correlation_id.empty()) line += ", correlation id " + shown(a.correlation_id);
    if (!a.category.empty()) line += ", " + shown(a.category) + (a.message.empty() ? "" : ": " + attempt_message(a));
    if (a.id == e.settled_by) line += " ← gave the verdict";
    return line + "\n";
}

std::string entry_text(const history_entry& e) {
    std::string text =
        fmt::format("{}  file {} ({}) row {}\n", base::format_time(e.file.claimed_at),
                    consent::format_file_id(e.change.id.arrival()), shown(e.file.name), e.change.id.row());
    text += fmt::format("  asked     {} subscription {} {}\n", consent::name(e.change.state), e.change.subscription,
                        consent::name(e.change.channel));
    if (e.change.basis) text += fmt::format("  basis     {}\n", consent::name(*e.change.basis));
    if (e.change.explanation) text += "            " + shown(*e.change.explanation) + "\n";
    text += "  verdict   " + verdict_text(e);
    if (const std::string at = verdict_time(e); !at.empty()) text += " at " + at;
    text += "\n";
    if (e.success != consent::success_reason::none)
        text += fmt::format("  HubSpot   {}{}\n", consent::name(e.success),
                            e.hubspot_time_ms ? ", its time " + hubspot_time(e) : "");
    if (!e.reason.category.empty())
        text += fmt::format("  because   {}: {}\n", shown(e.reason.category), shown(e.reason.message));
    if (e.reason.superseded_by) text += "  by        " + place_text(e.reason.superseded_by) + "\n";
    if (const std::string id = correlation_of(e); !id.empty()) text += "  correlation id " + shown(id) + "\n";
    if (e.attempts.empty()) text += "  never sent\n";
    for (const attempt_record& a : e.attempts) text += attempt_line(a, e);
    return text;
}

json::value text_or_null(std::string_view text) {
    if (text.empty()) return nullptr;
    return json::value(json::string(text));
}

json::object attempt_json(const attempt_record& a) {
    return {{"attempt_id", a.id},
            {"batch", a.batch},
            {"attempt", a.number},
            {"assertion", a.assertion},
            {"begun_at", base::format_time(a.begun_at)},
            {"ended_at", text_or_null(time_or_nothing(a.ended_at))},
            {"outcome", text_or_null(a.outcome)},
            {"http", a.status},
            {"ms", a.duration.count()},
            {"correlation_id", text_or_null(a.correlation_id)},
            {"category", text_or_null(a.category)},
            {"message", text_or_null(attempt_message(a))}};
}

json::object entry_json(const history_entry& e) {
    json::array attempts;
    for (const attempt_record& a : e.attempts) attempts.push_back(attempt_json(a));
    json::value by = nullptr;
    if (const consent::place p = e.reason.superseded_by)
        by = json::object{{"file_id", consent::format_file_id(p.arrival())}, {"row", p.row()}};
    return {{"change_id", std::to_string(e.change.id.id())},
            {"arrived_at", base::format_time(e.file.claimed_at)},
            {"file_id", consent::format_file_id(e.change.id.arrival())},
            {"file_name", base::escape_controls(e.file.name)},
            {"file_sha256", text_or_null(e.file.sha256)},
            {"row", e.change.id.row()},
            {"subscriberIdString", e.change.subscriber.view()},
            {"subscriptionId", e.change.subscription},
            {"channel", consent::name(e.change.channel)},
            {"statusState", consent::name(e.change.state)},
            {"legalBasis", text_or_null(e.change.basis ? std::string(consent::name(*e.change.basis)) : "")},
            {"legalBasisExplanation", text_or_null(e.change.explanation.value_or(""))},
            {"verdict", text_or_null(e.verdict ? verdict_text(e) : "")},
            {"verdict_at", text_or_null(verdict_time(e))},
            {"hubspot_reason", text_or_null(std::string(consent::name(e.success)))},
            {"hubspot_timestamp", text_or_null(hubspot_time(e))},
            {"category", text_or_null(e.reason.category)},
            {"message", text_or_null(e.reason.message)},
            {"correlation_id", text_or_null(correlation_of(e))},
            {"superseded_by", std::move(by)},
            {"attempts", std::move(attempts)}};
}

std::string csv_line(const std::vector<std::string>& fields) {
    std::string line;
    for (const std::string& field : fields) {
        if (&field != &fields.front()) line += ',';
        if (field.find_first_of(",\"\r\n") == std::string::npos) {
            line += field;
            continue;
        }
        line += '"';
        for (const char c : field) line += c == '"' ? std::string("\"\"") : std::string(1, c);
        line += '"';
    }
    return line + "\r\n";
}

std::vector<std::string> change_fields(const history_entry& e) {
    return {base::format_time(e.file.claimed_at),
            consent::format_file_id(e.change.id.arrival()),
            e.file.name,
            e.file.sha256,
            std::to_string(e.change.id.row()),
            std::string(e.change.subscriber.view()),
            std::to_string(e.change.subscription),
            std::string(consent::name(e.change.channel)),
            std::string(consent::name(e.change.state)),
            e.change.basis ? std::string(consent::name(*e.change.basis)) : "",
            std::string(e.change.explanation ? e.change.explanation->view() : ""),
            e.verdict ? verdict_text(e) : "",
            verdict_time(e),
            std::string(consent::name(e.success)),
            hubspot_time(e),
            e.reason.category,
            e.reason.message,
            correlation_of(e),
            place_text(e.reason.superseded_by)};
}

}  // namespace

std::string format_history(const std::string& subscriber, const ledger::history& h) {
    std::string text =
        h.since ? "The ledger reaches back to " + base::format_time(*h.since) + ".\n" : "The ledger is empty.\n";
    if (h.entries.empty()) return text + "It holds no change of " + shown(subscriber) + ".\n";
    text += fmt::format("{} {} of {}, oldest first:\n", h.entries.size(), h.entries.size() == 1 ? "change" : "changes",
                        shown(subscriber));
    for (const history_entry& e : h.entries) text += "\n" + entry_text(e);
    return text;
}

json::object history_json(const std::string& subscriber, const ledger::history& h, base::wall_time at) {
    json::array changes;
    for (const history_entry& e : h.entries) changes.push_back(entry_json(e));
    return {{"schema", 1},
            {"subscriberIdString", base::escape_controls(subscriber)},  // whatever bytes were given
            {"read_at", base::format_time(at)},
            {"ledger_since", text_or_null(h.since ? base::format_time(*h.since) : "")},
            {"changes", std::move(changes)}};
}

std::string history_csv(const ledger::history& h) {
    const std::vector<std::string> header{"arrived_at",
                                          "file_id",
                                          "file_name",
                                          "file_sha256",
                                          "row",
                                          "subscriberIdString",
                                          "subscriptionId",
                                          "channel",
                                          "statusState",
                                          "legalBasis",
                                          "legalBasisExplanation",
                                          "verdict",
                                          "verdict_at",
                                          "hubspot_reason",
                                          "hubspot_timestamp",
                                          "category",
                                          "message",
                                          "correlation_id",
                                          "superseded_by",
                                          "batch",
                                          "attempt",
                                          "assertion",
                                          "begun_at",
                                          "ended_at",
                                          "http",
                                          "outcome",
                                          "attempt_correlation_id",
                                          "attempt_category",
                                          "attempt_message"};
    std::string text = csv_line(header);
    for (const history_entry& e : h.entries) {
        if (e.attempts.empty()) {
            auto fields = change_fields(e);
            fields.resize(header.size());
            text += csv_line(fields);
        }
        for (const attempt_record& a : e.attempts) {
            auto fields = change_fields(e);
            const std::vector<std::string> more{std::to_string(a.batch),
                                                std::to_string(a.number),
                                                a.assertion ? "yes" : "no",
                                                base::format_time(a.begun_at),
                                                time_or_nothing(a.ended_at),
                                                std::to_string(a.status),
                                                a.outcome,
                                                a.correlation_id,
                                                a.category,
                                                attempt_message(a)};
            fields.insert(fields.end(), more.begin(), more.end());
            text += csv_line(fields);
        }
    }
    return text;
}

}  // namespace consent_sync::observe
