// The daemon's state at one moment, as plain data: `status`, /status, the metrics and the messages to systemd show it.
// snapshot_service makes it while the daemon runs, from_ledger() while it is down. It contains no addresses: file names
// and HubSpot's messages are masked when the snapshot is made.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "ledger/records.hpp"
#include "ledger/status_queries.hpp"
#include "observe/surroundings.hpp"

namespace consent_sync::observe {

inline constexpr std::size_t listed_files_max = 1'000;

struct pause_view {
    std::string reason;  // "daily limit"
    base::wall_time since;
    std::optional<base::wall_time> goes_on;  // when it ends or is looked at again; nothing: an operator ends it
    std::string words;
};

enum class file_activity : std::uint8_t {
    waiting,  // to be read
    reading,
    checking,  // read; its rows are compared with newer changes first
    held,      // waits for release or refuse; its opt-outs go ahead
    sending,
    reporting,  // every row has its verdict
};
std::string_view name(file_activity activity);

struct file_view {
    consent::arrival_number arrival = 0;
    std::string name;  // masked
    file_activity activity = file_activity::waiting;
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;           // read so far
    std::uint64_t rows_expected = 0;  // an estimate while it is being read
    std::uint64_t settled = 0;
    ledger::verdict_counts counts{};
    base::wall_time claimed_at;

    double progress() const {  // 0 to 1
        if (rows_expected == 0) return activity == file_activity::reporting ? 1 : 0;
        return static_cast<double>(settled) / static_cast<double>(rows_expected);
    }
};

struct limit_view {
    std::uint32_t requests = 0;  // an interval
    base::milliseconds interval{10'000};
    std::uint32_t used = 0;
    std::uint32_t others = 0;   // left to other programs
    std::uint32_t batch = 100;  // changes a request carries at most
    // Changes per second that the limit allows.
    double changes_per_second() const {
        const double ours = requests > others ? requests - others : 0;
        return interval.count() > 0 ? ours * batch * 1000.0 / static_cast<double>(interval.count()) : 0;
    }
};

struct daily_view {
    std::int64_t limit = 0;
    std::int64_t remaining = 0;
    base::wall_time ends{};   // the epoch: unknown
    bool at_reserve = false;  // only opt-outs are sent
};

struct snapshot {
    std::string version, account, state_dir;
    base::wall_time at;
    bool running = false;  // false: read from the ledger, the daemon is down
    bool stopping = false;
    std::optional<base::wall_time> started;
    std::vector<pause_view> pauses;

    std::vector<file_view> files;  // open ones, by arrival, at most listed_files_max
    std::uint64_t open_files = 0, held_files = 0;
    std::uint64_t waiting =
        0;  // changes without a verdict, but for held ones; with what is expected of files being read
    std::uint64_t held = 0;
    std::optional<ledger::verdict_counts> settled_since_start;

    std::optional<double> pace;  // changes that got their verdict, a second, over the last minute
    std::optional<double> oldest_opt_out_seconds;
    std::optional<limit_view> limit;
    std::optional<daily_view> daily;
    std::uint64_t in_flight = 0, window = 0;
    std::uint64_t late_write_keys = 0;
    std::uint64_t verdicts_refused = 0;  // since the start: a second verdict of a change, which is a bug
    std::uint64_t ledger_bytes = 0;
    std::optional<std::uint64_t> disk_free_bytes;
    std::optional<std::uint64_t> inbox_files;
    std::optional<process_use> process;  // for the metrics alone
    std::string kept;                    // old data that waits to be removed, and for what; empty: none does
    std::string trouble;                 // with folders and disk, and what to do; empty: none

    // Until every waiting change has its verdict. Nothing: no change waits, or none is being settled.
    std::optional<double> seconds_left() const;
    std::optional<double> seconds_left_at_limit() const;
};

// "down", "stopping", "paused", "sending", "waiting" (only held files are left), "idle".
std::string_view state_of(const snapshot& s);

void add(snapshot& s, const surroundings& around);

// What is known from the ledger alone. `at`: now.
snapshot from_ledger(const ledger::ledger_picture& picture, base::wall_time at);

}  // namespace consent_sync::observe
