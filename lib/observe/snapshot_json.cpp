#include "observe/snapshot_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>

#include "base/redact.hpp"
#include "base/time_text.hpp"

namespace consent_sync::observe {
namespace {

namespace json = boost::json;

constexpr int schema = 1;

json::value time_or_null(const std::optional<base::wall_time>& t) {
    if (!t || *t == base::wall_time{}) return nullptr;
    return json::value(base::to_unix_ms(*t));
}

json::value number_or_null(const std::optional<double>& n) {
    if (!n) return nullptr;
    return json::value(std::round(*n * 100) / 100);
}

template <class Integer>
json::value integer_or_null(const std::optional<Integer>& n) {
    if (!n) return nullptr;
    return json::value(*n);
}

json::object describe_counts(const ledger::verdict_counts& counts) {
    json::object o;
    for (int v = 1; v <= consent::verdict_count; ++v)
        o[consent::name(static_cast<consent::verdict>(v))] = counts[static_cast<std::size_t>(v)];
    return o;
}

json::array describe_pauses(const snapshot& s) {
    json::array all;
    for (const pause_view& p : s.pauses)
        all.push_back(json::object{{"reason", p.reason},
                                   {"since_ms", base::to_unix_ms(p.since)},
                                   {"goes_on_ms", time_or_null(p.goes_on)},
                                   {"words", p.words}});
    return all;
}

json::array describe_files(const snapshot& s, file_names names) {
    json::array all;
    for (const file_view& f : s.files) {
        json::object o{{"file_id", consent::format_file_id(f.arrival)},
                       {"name", nullptr},
                       {"activity", name(f.activity)},
                       {"bytes", f.bytes},
                       {"rows", f.rows},
                       {"rows_expected", f.rows_expected},
                       {"settled", f.settled},
                       {"counts", describe_counts(f.counts)},
                       {"claimed_at_ms", base::to_unix_ms(f.claimed_at)}};
        if (names == file_names::shown) o["name"] = f.name;
        all.push_back(std::move(o));
    }
    return all;
}

json::value describe_limit(const snapshot& s) {
    if (!s.limit) return nullptr;
    return json::object{
        {"requests", s.limit->requests},     {"interval_ms", s.limit->interval.count()}, {"used", s.limit->used},
        {"left_to_others", s.limit->others}, {"changes_a_request", s.limit->batch},      {"in_flight", s.in_flight},
        {"in_flight_max", s.window}};
}

json::value describe_daily(const snapshot& s) {
    if (!s.daily) return nullptr;
    return json::object{{"limit", s.daily->limit},
                        {"remaining", s.daily->remaining},
                        {"ends_ms", time_or_null(s.daily->ends)},
                        {"at_reserve", s.daily->at_reserve}};
}

std::optional<base::wall_time> read_time(const json::value& v) {
    if (v.is_null()) return std::nullopt;
    return base::from_unix_ms(v.to_number<std::int64_t>());
}

ledger::verdict_counts read_counts(const json::value& v) {
    ledger::verdict_counts counts{};
    for (int i = 1; i <= consent::verdict_count; ++i)
        counts[static_cast<std::size_t>(i)] =
            v.at(consent::name(static_cast<consent::verdict>(i))).to_number<std::uint64_t>();
    return counts;
}

// It is shown on a terminal, and a daemon of another version may send anything.
std::string read_text(const json::value& v) {
    return v.is_null() ? std::string() : base::escape_controls(std::string_view(v.as_string()));
}

file_view read_file(const json::value& v) {
    file_view f;
    const std::string id = read_text(v.at("file_id"));
    std::from_chars(id.data(), id.data() + id.size(), f.arrival);
    f.name = read_text(v.at("name"));
    for (int i = 0; i <= static_cast<int>(file_activity::reporting); ++i)
        if (name(static_cast<file_activity>(i)) == v.at("activity").as_string())
            f.activity = static_cast<file_activity>(i);
    f.bytes = v.at("bytes").to_number<std::uint64_t>();
    f.rows = v.at("rows").to_number<std::uint64_t>();
    f.rows_expected = v.at("rows_expected").to_number<std::uint64_t>();
    f.settled = v.at("settled").to_number<std::uint64_t>();
    f.counts = read_counts(v.at("counts"));
    f.claimed_at = read_time(v.at("claimed_at_ms")).value_or(base::wall_time{});
    return f;
}

void read_limits(const json::value& v, snapshot& s) {
    if (const json::value& l = v.at("limit"); !l.is_null()) {
        s.limit = limit_view{l.at("requests").to_number<std::uint32_t>(),
                             base::milliseconds(l.at("interval_ms").to_number<std::int64_t>()),
                             l.at("used").to_number<std::uint32_t>(), l.at("left_to_others").to_number<std::uint32_t>(),
                             l.at("changes_a_request").to_number<std::uint32_t>()};
        s.in_flight = l.at("in_flight").to_number<std::uint64_t>();
        s.window = l.at("in_flight_max").to_number<std::uint64_t>();
    }
    if (const json::value& d = v.at("daily"); !d.is_null())
        s.daily = daily_view{d.at("limit").to_number<std::int64_t>(), d.at("remaining").to_number<std::int64_t>(),
                             read_time(d.at("ends_ms")).value_or(base::wall_time{}), d.at("at_reserve").as_bool()};
}

snapshot read_all(const json::value& v) {
    snapshot s;
    s.version = read_text(v.at("version"));
    s.account = read_text(v.at("account"));
    s.state_dir = read_text(v.at("state_dir"));
    s.at = *read_time(v.at("at_ms"));
    s.running = v.at("source").as_string() == "daemon";
    s.stopping = v.at("state").as_string() == "stopping";
    s.started = read_time(v.at("started_ms"));
    for (const json::value& p : v.at("pauses").as_array())
        s.pauses.push_back({read_text(p.at("reason")), *read_time(p.at("since_ms")), read_time(p.at("goes_on_ms")),
                            read_text(p.at("words"))});
    for (const json::value& f : v.at("files").at("listed").as_array()) s.files.push_back(read_file(f));
    s.open_files = v.at("files").at("open").to_number<std::uint64_t>();
    s.held_files = v.at("files").at("held").to_number<std::uint64_t>();
    const json::value& changes = v.at("changes");
    s.waiting = changes.at("waiting").to_number<std::uint64_t>();
    s.held = changes.at("held").to_number<std::uint64_t>();
    if (!changes.at("since_start").is_null()) s.settled_since_start = read_counts(changes.at("since_start"));
    if (!v.at("changes_per_second").is_null()) s.pace = v.at("changes_per_second").to_number<double>();
    if (!v.at("oldest_unsent_opt_out_seconds").is_null())
        s.oldest_opt_out_seconds = v.at("oldest_unsent_opt_out_seconds").to_number<double>();
    read_limits(v, s);
    s.late_write_keys = v.at("late_write_keys").to_number<std::uint64_t>();
    if (const json::value* refused = v.as_object().if_contains("verdicts_refused"))
        s.verdicts_refused = refused->to_number<std::uint64_t>();
    s.ledger_bytes = v.at("ledger_bytes").to_number<std::uint64_t>();
    if (!v.at("disk_free_bytes").is_null()) s.disk_free_bytes = v.at("disk_free_bytes").to_number<std::uint64_t>();
    if (!v.at("inbox_files").is_null()) s.inbox_files = v.at("inbox_files").to_number<std::uint64_t>();
    s.kept = read_text(v.at("kept"));
    s.trouble = read_text(v.at("trouble"));
    return s;
}

}  // namespace

json::object to_json(const snapshot& s, file_names names) {
    json::value since_start = nullptr;
    if (s.settled_since_start) since_start = describe_counts(*s.settled_since_start);
    return {
        {"schema", schema},
        {"source", s.running ? "daemon" : "ledger"},
        {"version", s.version},
        {"account", s.account},
        {"state_dir", names == file_names::shown ? s.state_dir : std::string()},
        {"at_ms", base::to_unix_ms(s.at)},
        {"started_ms", time_or_null(s.started)},
        {"state", state_of(s)},
        {"pauses", describe_pauses(s)},
        {"files", json::object{{"open", s.open_files}, {"held", s.held_files}, {"listed", describe_files(s, names)}}},
        {"changes", json::object{{"waiting", s.waiting}, {"held", s.held}, {"since_start", std::move(since_start)}}},
        {"changes_per_second", number_or_null(s.pace)},
        {"seconds_left", number_or_null(s.seconds_left())},
        {"seconds_left_at_limit", number_or_null(s.seconds_left_at_limit())},
        {"oldest_unsent_opt_out_seconds", number_or_null(s.oldest_opt_out_seconds)},
        {"limit", describe_limit(s)},
        {"daily", describe_daily(s)},
        {"late_write_keys", s.late_write_keys},
        {"verdicts_refused", s.verdicts_refused},
        {"ledger_bytes", s.ledger_bytes},
        {"disk_free_bytes", integer_or_null(s.disk_free_bytes)},
        {"inbox_files", integer_or_null(s.inbox_files)},
        {"kept", s.kept.empty() ? json::value(nullptr) : json::value(s.kept)},
        {"trouble", s.trouble.empty() || names != file_names::shown ? json::value(nullptr) : json::value(s.trouble)}};
}

base::result<snapshot> from_json(const json::value& value) {
    const base::error other{base::errc::invalid_input,
                            "the daemon's status cannot be read: is it of the same version as this command?"};
    try {
        if (value.at("schema").to_number<int>() != schema) return other;
        return read_all(value);
    } catch (const std::exception&) {  // a member that is missing or of another type
        return other;
    }
}

}  // namespace consent_sync::observe
