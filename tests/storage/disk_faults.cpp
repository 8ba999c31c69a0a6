// Preloaded into the daemon. File operations below one folder fail when a test says so. The library also records what
// is on disk, so that a test can see what a power cut would leave.
//
//   LD_PRELOAD=…/disk_faults.so DISK_FAULTS_CONTROL=FILE DISK_FAULTS_ROOT=FOLDER [DISK_FAULTS_SYNCED=FOLDER]
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "storage/disk_control.hpp"
#include "storage/operation_kind.hpp"
#include "storage/synced_state.hpp"

namespace consent_sync::storage {
namespace {

thread_local bool inside = false;  // the library's own operations do not fail

struct pass {
    bool before = inside;
    pass() { inside = true; }
    ~pass() { inside = before; }
};

template <class F>
F next(const char* name) {
    return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value ? value : "";
}

struct state {
    std::string root = environment("DISK_FAULTS_ROOT");
    disk_control* control = nullptr;
    synced_state* synced = nullptr;

    state() {
        const pass own;
        const int fd = ::open(environment("DISK_FAULTS_CONTROL").c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) return;
        void* const mapped = ::mmap(nullptr, sizeof(disk_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ::close(fd);
        if (mapped != MAP_FAILED) control = static_cast<disk_control*>(mapped);
        const std::string folder = environment("DISK_FAULTS_SYNCED");
        if (!folder.empty()) synced = new synced_state(root, folder);
    }
};

state& all() {
    static state* const s = new state;  // never destroyed: threads may still run at the end
    return *s;
}

std::string path_of(int fd) {
    char text[4096];
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t n = ::readlink(link.c_str(), text, sizeof text);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
}

std::string absolute(int at, const char* path) {
    if (path[0] == '/') return path;
    if (at == AT_FDCWD) return std::string("./") + path;
    return path_of(at) + '/' + path;
}

bool is_watched(const std::string& path) { return !all().root.empty() && path.starts_with(all().root); }

enum class effect { reads, changes, needs_room };

bool concerns(disk_fault fault, effect what) {
    switch (fault) {
        case disk_fault::none: return false;
        case disk_fault::io: return true;
        case disk_fault::no_space:
        case disk_fault::short_write: return what == effect::needs_room;
        case disk_fault::power_cut: return what != effect::reads;
    }
    return false;
}

using hold = std::unique_lock<std::recursive_mutex>;

hold hold_synced() { return all().synced ? all().synced->hold() : hold(); }

// Records the kind of an operation. True: the operation may fail.
bool counts(disk_control& c, const std::string& operation) {
    static std::mutex one;
    const std::string kind = kind_of(operation).substr(0, operation_bytes_max - 1);
    {
        const std::lock_guard lock(one);
        const std::uint32_t known = c.kind_count;
        std::uint32_t at = 0;
        while (at < known && kind != c.kinds[at].kind) ++at;
        if (at < operation_kinds_max) {
            if (at == known) std::snprintf(c.kinds[at].kind, operation_bytes_max, "%s", kind.c_str());
            ++c.kinds[at].calls;
            c.kind_count = std::max(known, at + 1);
        }
    }
    return c.only[0] == '\0' || kind == c.only || c.failed > 0;
}

// The errno with which this operation has to fail; 0: it is performed.
int judge(const char* name, const std::string& path, effect what, bool is_write = false) {
    disk_control* const c = all().control;
    if (c == nullptr || !is_watched(path)) return 0;
    const auto fault = static_cast<disk_fault>(c->fault.load());
    if (!concerns(fault, what)) return 0;
    const std::string operation = std::string(name) + ' ' + path.substr(std::min(path.size(), all().root.size()));
    if (!counts(*c, operation)) return 0;
    const std::uint64_t call = ++c->calls;
    if (call < c->first || call - c->first >= c->count) return 0;
    if (++c->failed == 1) std::snprintf(c->operation, sizeof c->operation, "%s", operation.c_str());
    if (fault == disk_fault::power_cut) {
        const hold still = hold_synced();  // operations of other threads come before or after
        ::_exit(99);
    }
    if (fault == disk_fault::io) return EIO;
    if (fault == disk_fault::short_write && is_write && c->failed == 1) return -1;
    return ENOSPC;
}

int fail(int error) {
    errno = error;
    return -1;
}

template <class Open>
int open_with(const char* name, int at, const char* path, int flags, Open call) {
    if (inside) return call();
    const pass own;
    const std::string full = absolute(at, path);
    if (!is_watched(full)) return call();
    struct stat found {};
    const bool creates =
        (flags & O_CREAT) != 0 && ::stat(full.c_str(), &found) != 0;  // the library's own stat(), which does not fail
    const effect what = creates ? effect::needs_room : (flags & O_TRUNC) != 0 ? effect::changes : effect::reads;
    if (const int error = judge(name, full, what)) return fail(error);
    const hold still = creates ? hold_synced() : hold();
    const int fd = call();
    if (fd >= 0 && creates && all().synced) all().synced->created(full);
    return fd;
}

template <class Write>
ssize_t write_with(const char* name, int fd, std::size_t size, Write call) {
    if (inside) return call(size);
    const pass own;
    const int error = judge(name, path_of(fd), effect::needs_room, true);
    if (error == -1 && size > 1) return call(size / 2);
    if (error > 0) return fail(error);
    return call(size);
}

template <class Call>
auto fd_with(const char* name, int fd, effect what, Call call) -> decltype(call()) {
    if (inside) return call();
    const pass own;
    if (const int error = judge(name, path_of(fd), what)) return fail(error);
    return call();
}

template <class Call>
int path_with(const char* name, int at, const char* path, effect what, Call call) {
    if (inside) return call();
    const pass own;
    const std::string full = absolute(at, path);
    if (const int error = judge(name, full, what)) return fail(error);
    return call();
}

int unlink_with(const char* name, int at, const char* path, const auto& call) {
    return path_with(name, at, path, effect::changes, [&] {
        const std::string full = absolute(at, path);
        const hold still = hold_synced();
        if (is_watched(full) && all().synced) all().synced->removing(full);
        return call();
    });
}

int rename_with(const char* name, int from_at, const char* from, int to_at, const char* to, const auto& call) {
    if (inside) return call();
    const pass own;
    const std::string source = absolute(from_at, from);
    const std::string target = absolute(to_at, to);
    if (const int error = judge(name, target, effect::needs_room)) return fail(error);
    const hold still = hold_synced();
    if (is_watched(target) && all().synced) all().synced->removing(target);
    const int done = call();
    if (done == 0 && is_watched(target) && all().synced) all().synced->renamed(source, target);
    return done;
}

int sync_with(const char* name, int fd, const auto& call) {
    return fd_with(name, fd, effect::changes, [&] {
        const hold still = hold_synced();
        const int done = call();
        if (done == 0 && all().synced && is_watched(path_of(fd))) all().synced->synced(path_of(fd));
        return done;
    });
}

mode_t mode_of(int flags, va_list more) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0; }

}  // namespace
}  // namespace consent_sync::storage

using namespace consent_sync::storage;

// NOLINTBEGIN: the names are the C library's
extern "C" {

#define OPEN_CALL(symbol)                                                                         \
    int symbol(const char* path, int flags, ...) {                                                \
        va_list more;                                                                             \
        va_start(more, flags);                                                                    \
        const mode_t mode = mode_of(flags, more);                                                 \
        va_end(more);                                                                             \
        static const auto real = next<int (*)(const char*, int, ...)>(#symbol);                   \
        return open_with("open", AT_FDCWD, path, flags, [&] { return real(path, flags, mode); }); \
    }
OPEN_CALL(open)
OPEN_CALL(open64)

#define OPENAT_CALL(symbol)                                                                       \
    int symbol(int at, const char* path, int flags, ...) {                                        \
        va_list more;                                                                             \
        va_start(more, flags);                                                                    \
        const mode_t mode = mode_of(flags, more);                                                 \
        va_end(more);                                                                             \
        static const auto real = next<int (*)(int, const char*, int, ...)>(#symbol);              \
        return open_with("openat", at, path, flags, [&] { return real(at, path, flags, mode); }); \
    }
OPENAT_CALL(openat)
OPENAT_CALL(openat64)

ssize_t read(int fd, void* to, size_t size) {
    static const auto real = next<ssize_t (*)(int, void*, size_t)>("read");
    return fd_with("read", fd, effect::reads, [&] { return real(fd, to, size); });
}
ssize_t pread(int fd, void* to, size_t size, off_t at) {
    static const auto real = next<ssize_t (*)(int, void*, size_t, off_t)>("pread");
    return fd_with("pread", fd, effect::reads, [&] { return real(fd, to, size, at); });
}
ssize_t pread64(int fd, void* to, size_t size, off64_t at) { return pread(fd, to, size, at); }

ssize_t write(int fd, const void* from, size_t size) {
    // A signal handler writes to a pipe, perhaps during a malloc. Therefore descriptors that are not files are handled
    // without malloc.
    struct stat about {};
    if (::syscall(SYS_fstat, fd, &about) != 0 || !S_ISREG(about.st_mode)) return ::syscall(SYS_write, fd, from, size);
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    return write_with("write", fd, size, [&](size_t n) { return real(fd, from, n); });
}
ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    return write_with("pwrite", fd, size, [&](size_t n) { return real(fd, from, n, at); });
}
ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) { return pwrite(fd, from, size, at); }

int fsync(int fd) {
    static const auto real = next<int (*)(int)>("fsync");
    return sync_with("fsync", fd, [&] { return real(fd); });
}
int fdatasync(int fd) {
    static const auto real = next<int (*)(int)>("fdatasync");
    return sync_with("fdatasync", fd, [&] { return real(fd); });
}
int syncfs(int fd) {
    static const auto real = next<int (*)(int)>("syncfs");
    return fd_with("syncfs", fd, effect::changes, [&] {
        const hold still = hold_synced();
        const int done = real(fd);
        if (done == 0 && all().synced && is_watched(path_of(fd))) all().synced->synced_all();
        return done;
    });
}
int ftruncate(int fd, off_t size) {
    static const auto real = next<int (*)(int, off_t)>("ftruncate");
    return fd_with("ftruncate", fd, effect::changes, [&] { return real(fd, size); });
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }
int fchmod(int fd, mode_t mode) {
    static const auto real = next<int (*)(int, mode_t)>("fchmod");
    return fd_with("fchmod", fd, effect::changes, [&] { return real(fd, mode); });
}

int rename(const char* from, const char* to) {
    static const auto real = next<int (*)(const char*, const char*)>("rename");
    return rename_with("rename", AT_FDCWD, from, AT_FDCWD, to, [&] { return real(from, to); });
}
int renameat(int from_at, const char* from, int to_at, const char* to) {
    static const auto real = next<int (*)(int, const char*, int, const char*)>("renameat");
    return rename_with("renameat", from_at, from, to_at, to, [&] { return real(from_at, from, to_at, to); });
}
int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) {
    static const auto real = next<int (*)(int, const char*, int, const char*, unsigned)>("renameat2");
    return rename_with("renameat2", from_at, from, to_at, to, [&] { return real(from_at, from, to_at, to, flags); });
}
int unlink(const char* path) {
    static const auto real = next<int (*)(const char*)>("unlink");
    return unlink_with("unlink", AT_FDCWD, path, [&] { return real(path); });
}
int unlinkat(int at, const char* path, int flags) {
    static const auto real = next<int (*)(int, const char*, int)>("unlinkat");
    return unlink_with("unlinkat", at, path, [&] { return real(at, path, flags); });
}
int mkdir(const char* path, mode_t mode) {
    static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
    return path_with("mkdir", AT_FDCWD, path, effect::needs_room, [&] { return real(path, mode); });
}
int chmod(const char* path, mode_t mode) {
    static const auto real = next<int (*)(const char*, mode_t)>("chmod");
    return path_with("chmod", AT_FDCWD, path, effect::changes, [&] { return real(path, mode); });
}
int access(const char* path, int how) {
    static const auto real = next<int (*)(const char*, int)>("access");
    return path_with("access", AT_FDCWD, path, effect::reads, [&] { return real(path, how); });
}

// struct stat and struct stat64 are the same on 64-bit machines.
#define STAT_CALL(symbol, name)                                                                  \
    int symbol(const char* path, struct stat* into) {                                            \
        static const auto real = next<int (*)(const char*, struct stat*)>(#symbol);              \
        return path_with(name, AT_FDCWD, path, effect::reads, [&] { return real(path, into); }); \
    }
STAT_CALL(stat, "stat")
STAT_CALL(lstat, "lstat")

int fstat(int fd, struct stat* into) {
    static const auto real = next<int (*)(int, struct stat*)>("fstat");
    return fd_with("fstat", fd, effect::reads, [&] { return real(fd, into); });
}
int stat64(const char* path, struct stat64* into) { return stat(path, reinterpret_cast<struct stat*>(into)); }
int lstat64(const char* path, struct stat64* into) { return lstat(path, reinterpret_cast<struct stat*>(into)); }
int fstat64(int fd, struct stat64* into) { return fstat(fd, reinterpret_cast<struct stat*>(into)); }
int fstatat(int at, const char* path, struct stat* into, int flags) {
    static const auto real = next<int (*)(int, const char*, struct stat*, int)>("fstatat");
    return path_with("fstatat", at, path, effect::reads, [&] { return real(at, path, into, flags); });
}

// The listing ends with an error: null with an errno.
dirent* readdir(DIR* folder) {
    static const auto real = next<dirent* (*)(DIR*)>("readdir");
    const auto call = [&] { return real(folder); };
    if (inside) return call();
    const pass own;
    const int error = judge("readdir", path_of(::dirfd(folder)), effect::reads);
    if (error == 0) return call();
    errno = error;
    return nullptr;
}
dirent64* readdir64(DIR* folder) { return reinterpret_cast<dirent64*>(readdir(folder)); }

}  // extern "C"
// NOLINTEND
