// How a test and the library disk_faults.so, preloaded into the daemon, speak with each other: a mapped file.
#pragma once

#include <atomic>
#include <cstdint>

namespace consent_sync::storage {

enum class disk_fault : std::uint32_t {
    none,
    io,           // EIO from any operation
    no_space,     // ENOSPC from those that need room
    short_write,  // half of a write is done; the next one finds no room if the fault lasts
    power_cut,    // the process ends before an operation that changes something
};

// Only operations on files below DISK_FAULTS_ROOT count, and only those that the fault is about.
struct disk_control {
    std::atomic<std::uint32_t> fault{0};
    std::atomic<std::uint64_t> first{0};  // this one and the next ones fail …
    std::atomic<std::uint64_t> count{0};  // … so many; both may change while the daemon runs
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> failed{0};
    char operation[64] = {};  // the first that failed, and on what
};

}  // namespace consent_sync::storage
