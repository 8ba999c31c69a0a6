// A mapped file through which a test and disk_faults.so, which is preloaded into the daemon, communicate.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace consent_sync::storage {

enum class disk_fault : std::uint32_t {
    none,
    io,           // EIO from any operation
    no_space,     // ENOSPC from operations that need room
    short_write,  // half of the data is written; if the fault lasts, the next write fails with ENOSPC
    power_cut,    // the process ends before an operation that changes something
};

inline constexpr std::size_t operation_bytes_max = 128;
inline constexpr std::size_t operation_kinds_max = 256;

// Only operations on files below DISK_FAULTS_ROOT count, and only those to which the fault applies.
struct disk_control {
    struct kind_calls {
        char kind[operation_bytes_max] = {};  // see operation_kind.hpp
        std::uint64_t calls = 0;
    };

    std::atomic<std::uint32_t> fault{0};
    std::atomic<std::uint64_t> first{0};  // the number of the first failing operation, and
    std::atomic<std::uint64_t> count{0};  // how many fail; both may change while the daemon runs
    std::atomic<std::uint64_t> calls{0};  // all operations; or those of `only`, and after its first failure all
    std::atomic<std::uint64_t> failed{0};
    char only[operation_bytes_max] = {};       // the kind of the first failing operation; empty: any kind
    char operation[operation_bytes_max] = {};  // the first failed operation and its file
    // All kinds of operations so far. Written by one thread of the daemon at a time.
    std::atomic<std::uint32_t> kind_count{0};
    kind_calls kinds[operation_kinds_max];
};

}  // namespace consent_sync::storage
