// What may be taken from the inbox, and when: pure decisions over names and observations.
//
// A file that was renamed into the inbox is complete and is taken at once. Any other is taken when its size,
// mtime and ctime have been still for the settle time, watched on the daemon's own clock: the times of a
// network file system are its server's. Only a file that is first seen in a listing and whose times lie at
// least a minute back (more than clocks of machines differ) needs no second look.
//
// A file that somebody has open for writing is never taken, however it came. A file that was not renamed must also end
// like a whole one, or have been still for the settle time unfinished_factor times: its writer may open it again for
// the rest. An empty file that was not renamed is not taken at all: its rows are still to come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace consent_sync::intake {

enum class file_kind { regular, folder, symlink, fifo, socket, device };

struct file_identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const file_identity&) const = default;
};

// Whether somebody has the file open for writing. `unknown`: the file system is not this machine's own, or the daemon
// may not ask (it needs CAP_LEASE for files of other users).
enum class writers : std::uint8_t { unknown, none, some };

// What a file's last bytes say. A closed file that is compressed is not looked at: whole.
enum class ending : std::uint8_t { whole, unfinished };

// One look at a name in the inbox. Times are nanoseconds since 1970 of the file system's clock.
struct observation {
    file_kind kind = file_kind::regular;
    file_identity identity{};
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;
    bool readable = true;                         // only found out when the file is due
    std::uint64_t links = 1;                      // names of the file, here or in any other folder
    writers open_for_writing = writers::unknown;  // this one and the next: only found out when the file is due
    ending end = ending::whole;
    bool operator==(const observation&) const = default;
};

enum class arrival_way {
    renamed,  // MOVED_TO: complete when it appeared
    written,  // CREATE (also the second link of sftp's rename) or CLOSE_WRITE
    listed,   // found by listing the folder
};

// How a file that is taken was known to be complete. Stored as numbers: never renumber.
enum class completeness : std::uint8_t {
    still = 0,    // whether it was open could not be known; it had not changed for a while
    closed = 1,   // nobody had it open for writing
    renamed = 2,  // it was renamed into the inbox
};

// Times the settle time: how long a file is waited for that does not end like a whole one, and after how long a wait
// for a writer, or for the first byte, is told.
inline constexpr int unfinished_factor = 10;

struct inbox_limits {
    base::milliseconds settle{2'000};
    std::uint64_t max_bytes = 4ULL << 30;
};

// Why something is left or refused. name() is the stable word for logs and metrics.
// hard_link: somebody holds the file by another name, and could change it after its claim, or it is not his to drop.
// open: somebody has had it open for writing for long. empty: nothing was written to it for long.
enum class inbox_reason { folder, symlink, fifo, socket, device, unreadable, hard_link, too_large, open, empty };
std::string_view name(inbox_reason reason);
std::string_view what_to_do(inbox_reason reason);

// Names of files that somebody still writes or that no one means to send: ".x", "x~", and those that end (in
// any case) in .tmp .temp .part .partial .filepart .upload .uploading .download .crdownload .incomplete .swp. They are
// left without a word until they are renamed.
bool is_left_alone(std::string_view name);

// A name for people: addresses and tokens masked, control characters escaped, cut.
std::string shown_name(std::string_view name);

enum class settle_action { take, wait, leave, refuse };

struct settle_decision {
    settle_action action = settle_action::wait;
    base::steady_time until;                      // of wait: when to look again
    std::optional<inbox_reason> reason;           // of leave and refuse, and of a wait that is to be told
    completeness complete = completeness::still;  // of take
};

// Whether nothing about the file has changed. Readability does not count.
bool is_still(const observation& before, const observation& now);

// Whether a file first seen in a listing is old enough to need no second look.
bool is_long_still(const observation& seen, base::wall_time now, base::milliseconds settle);

// How long a candidate has been watched, on the daemon's clock.
struct watched_since {
    base::steady_time noted{};                  // first seen
    base::steady_time still{};                  // when the observation was first made that has not changed since
    std::optional<base::steady_time> writer{};  // the last look that found it open for writing
};
settle_decision decide_settle(const observation& seen, arrival_way way, const watched_since& since, base::moment now,
                              const inbox_limits& limits);

}  // namespace consent_sync::intake
