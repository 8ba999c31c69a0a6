// How a test and the library disk_faults.so, preloaded into the daemon, speak with each other: a mapped file.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace consent_sync::storage {

enum class disk_fault : std::uint32_t {
    none,
    io,           // EIO from any operation
    no_space,     // ENOSPC from those that need room
    short_write,  // half of a write is done; the next one finds no room if the fault lasts
    power_cut,    // the process ends before an operation that changes something
};

inline constexpr std::size_t operation_bytes_max = 128;
inline constexpr std::size_t operation_kinds_max = 256;

// Only operations on files below DISK_FAULTS_ROOT count, and only those that the fault is about.
struct disk_control {
    struct kind_calls {
        char kind[operation_bytes_max] = {};  // see operation_kind.hpp
        std::uint64_t calls = 0;
    };

    std::atomic<std::uint32_t> fault{0};
    std::atomic<std::uint64_t> first{0};  // this one and the next ones fail …
    std::atomic<std::uint64_t> count{0};  // … so many; both may change while the daemon runs
    std::atomic<std::uint64_t> calls{0};  // all; or those of `only`, and of others once that has begun to fail
    std::atomic<std::uint64_t> failed{0};
    char only[operation_bytes_max] = {};       // the kind that the first failure is of; empty: any
    char operation[operation_bytes_max] = {};  // the first that failed, and on what
    // Every kind that there was. Written by one thread at a time of the process that is watched.
    std::atomic<std::uint32_t> kind_count{0};
    kind_calls kinds[operation_kinds_max];
};

}  // namespace consent_sync::storage
