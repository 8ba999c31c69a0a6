#include "observe/snapshot.hpp"

#include <algorithm>
#include <numeric>

#include "base/log.hpp"
#include "intake/arrival/inbox_rules.hpp"

namespace consent_sync::observe {
namespace {

constexpr double pace_min = 0.01;  // changes a second: below that there is no meaningful time left

file_activity activity_of(const ledger::file_record& file, std::uint64_t settled) {
    using ledger::file_gate;
    using ledger::file_state;
    if (file.state == file_state::reading) return file_activity::reading;
    if (file.state != file_state::read) return file_activity::waiting;
    if (file.gate == file_gate::check) return file_activity::checking;
    if (file.gate == file_gate::held) return file_activity::held;
    return settled == file.rows ? file_activity::reporting : file_activity::sending;
}

std::uint64_t expected_rows(const ledger::file_record& file) {
    if (file.state != ledger::file_state::reading || file.read_offset == 0 || file.size <= file.read_offset)
        return file.rows;
    return static_cast<std::uint64_t>(static_cast<double>(file.rows) * static_cast<double>(file.size) /
                                      static_cast<double>(file.read_offset));
}

file_view view_of(const ledger::file_record& file) {
    file_view v;
    v.arrival = file.arrival;
    v.name = intake::shown_name(file.name);
    v.bytes = file.size;
    v.rows = file.rows;
    v.rows_expected = expected_rows(file);
    v.counts = file.counts;
    v.settled = std::accumulate(file.counts.begin(), file.counts.end(), std::uint64_t{0});
    v.activity = activity_of(file, v.settled);
    v.claimed_at = file.claimed_at;
    return v;
}

std::optional<std::int64_t> find(const ledger::ledger_picture& picture, std::string_view name) {
    for (const auto& [key, value] : picture.meta)
        if (key == name) return value;
    return std::nullopt;
}

}  // namespace

std::string_view name(file_activity activity) {
    constexpr std::array<std::string_view, 6> names{"waiting", "reading", "checking", "held", "sending", "reporting"};
    return names[static_cast<std::size_t>(activity)];
}

std::optional<double> snapshot::seconds_left() const {
    if (waiting == 0 || !pauses.empty() || pace.value_or(0) < pace_min) return std::nullopt;
    return static_cast<double>(waiting) / *pace;
}

std::optional<double> snapshot::seconds_left_at_limit() const {
    if (waiting == 0 || !pauses.empty() || !limit || limit->changes_per_second() < pace_min) return std::nullopt;
    return static_cast<double>(waiting) / limit->changes_per_second();
}

std::string_view state_of(const snapshot& s) {
    if (!s.running) return "down";
    if (s.stopping) return "stopping";
    if (!s.pauses.empty()) return "paused";
    if (s.waiting > 0 || s.in_flight > 0) return "sending";
    return s.held_files > 0 ? "waiting" : "idle";
}

void add(snapshot& s, const surroundings& around) {
    s.ledger_bytes = around.ledger_bytes;
    s.disk_free_bytes = around.disk_free_bytes;
    s.inbox_files = around.inbox_files;
    s.trouble = around.trouble;
}

snapshot from_ledger(const ledger::ledger_picture& picture, base::wall_time at) {
    snapshot s;
    s.at = at;
    for (const ledger::file_record& file : picture.files) s.files.push_back(view_of(file));
    s.open_files = picture.open_files;
    s.held_files = picture.held_files;
    s.waiting = picture.waiting;
    for (const file_view& file : s.files) s.waiting += file.rows_expected - file.rows;
    s.held = picture.held;
    for (const ledger::stored_pause& p : picture.pauses) {
        pause_view v{p.reason, p.since, std::nullopt, base::redact(p.words)};
        if (p.until != base::wall_time{}) v.goes_on = p.until;
        s.pauses.push_back(std::move(v));
    }
    if (picture.oldest_opt_out)
        s.oldest_opt_out_seconds = std::max(0.0, std::chrono::duration<double>(at - *picture.oldest_opt_out).count());
    s.late_write_keys = picture.late_write_keys;
    const auto limit = find(picture, "daily_limit");
    const auto remaining = find(picture, "daily_remaining");
    if (limit && remaining && *limit > 0) {
        s.daily = daily_view{*limit, *remaining, base::from_unix_ms(find(picture, "day_end").value_or(0)), false};
        if (s.daily->ends <= at) s.daily.reset();  // that day is over
    }
    return s;
}

}  // namespace consent_sync::observe
