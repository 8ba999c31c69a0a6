// What may be taken from the inbox, and when: pure decisions over names and observations.
//
// A file that was renamed into the inbox is complete and is taken at once. Any other is taken when its size,
// mtime and ctime have been still for the settle time, watched on the daemon's own clock: the times of a
// network file system are its server's. Only a file that is first seen in a listing and whose times lie at
// least a minute back (more than clocks of machines differ) needs no second look.
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

// One look at a name in the inbox. Times are nanoseconds since 1970 of the file system's clock.
struct observation {
    file_kind kind = file_kind::regular;
    file_identity identity{};
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;
    bool readable = true;     // only found out when the file is due
    std::uint64_t links = 1;  // names of the file, here or in any other folder
    bool operator==(const observation&) const = default;
};

enum class arrival_way {
    renamed,  // MOVED_TO: complete when it appeared
    written,  // CREATE (also the second link of sftp's rename) or CLOSE_WRITE
    listed,   // found by listing the folder
};

struct inbox_limits {
    base::milliseconds settle{2'000};
    std::uint64_t max_bytes = 4ULL << 30;
};

// Why something is left or refused. name() is the stable word for logs and metrics.
// hard_link: somebody holds the file by another name, and could change it after its claim, or it is not his to drop.
enum class inbox_reason { folder, symlink, fifo, socket, device, unreadable, hard_link, too_large };
std::string_view name(inbox_reason reason);
std::string_view what_to_do(inbox_reason reason);

// Names of files that somebody still writes or that no one means to send: ".x", "x~", and those that end (in
// any case) in .tmp .part .partial .filepart .crdownload .swp. They are left without a word until they are
// renamed.
bool is_left_alone(std::string_view name);

// A name for people: addresses and tokens masked, control characters escaped, cut.
std::string shown_name(std::string_view name);

enum class settle_action { take, wait, leave, refuse };

struct settle_decision {
    settle_action action = settle_action::wait;
    base::steady_time until;             // of wait: when to look again
    std::optional<inbox_reason> reason;  // of leave and refuse
};

// Has nothing about the file changed? Readability is no change of the file.
bool is_still(const observation& before, const observation& now);

// Whether a file first seen in a listing is old enough to need no second look.
bool is_long_still(const observation& seen, base::wall_time now, base::milliseconds settle);

// `still_since`: when the observation was first made that has not changed since.
settle_decision decide_settle(const observation& seen, arrival_way way, base::steady_time still_since, base::moment now,
                              const inbox_limits& limits);

}  // namespace consent_sync::intake
