// The state of folders, disk and process. Blocking: not for the home thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/folders.hpp"

namespace consent_sync::observe {

struct process_use {
    double cpu_seconds = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_fds = 0, max_fds = 0;
};

struct surroundings {
    std::uint64_t ledger_bytes = 0;  // with its log
    std::optional<std::uint64_t> disk_free_bytes;
    std::optional<std::uint64_t> inbox_files;  // nothing: it cannot be listed, or is a link that is not followed
    std::string trouble;                       // with the folders and their disks; empty: none
};

// Where no file can be created: "no file can be made in /var/lib/…: its file system has no free inode; …". Empty: files
// can be created everywhere.
std::string describe_shortage(const config::folders& paths);

surroundings look_around(const config::folders& paths);
std::optional<process_use> look_at_process();  // our own

}  // namespace consent_sync::observe
