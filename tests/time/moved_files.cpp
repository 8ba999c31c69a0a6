// Preloaded before libfaketime, with NO_FAKE_STAT. Moves the times of files to match a moved clock. Files from before
// the start of this process were written under a different clock.
//
//   MOVED_FILES="SECONDS SECONDS"    offsets for the times of files that last changed before the start of this process,
//   and
//                                    after it
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

namespace {

constexpr std::int64_t clock_grain_ns = 10'000'000;  // the clock for the times of files is slightly behind

std::int64_t in_ns(const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

struct shift {
    std::int64_t begun_ns = 0;  // of the real clock
    time_t before = 0, since = 0;

    shift() {
        timespec now{};
        ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
        begun_ns = in_ns(now) - clock_grain_ns;
        const char* const words = std::getenv("MOVED_FILES");
        if (!words) return;
        char* end = nullptr;
        before = std::strtoll(words, &end, 10);
        since = std::strtoll(end, nullptr, 10);
    }
};

const shift& own() {
    static const shift s;
    return s;
}
[[maybe_unused]] const shift& at_start = own();

int moved(int done, struct stat* into) {
    if (done != 0) return done;
    const time_t by = in_ns(into->st_ctim) < own().begun_ns ? own().before : own().since;
    for (timespec* each : {&into->st_atim, &into->st_mtim, &into->st_ctim}) each->tv_sec += by;
    return done;
}

template <class F>
F next(const char* name) {
    return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

// Times that the program sets are those of the moved clock.
const timespec* unmoved(const timespec* wanted, timespec (&times)[2]) {
    if (!wanted) return wanted;
    for (int i = 0; i < 2; ++i) {
        times[i] = wanted[i];
        if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT) times[i].tv_sec -= own().since;
    }
    return times;
}

}  // namespace

// NOLINTBEGIN: the names are the C library's
extern "C" {

int stat(const char* path, struct stat* into) noexcept {
    static const auto real = next<int (*)(const char*, struct stat*)>("stat");
    return moved(real(path, into), into);
}
int lstat(const char* path, struct stat* into) noexcept {
    static const auto real = next<int (*)(const char*, struct stat*)>("lstat");
    return moved(real(path, into), into);
}
int fstat(int fd, struct stat* into) noexcept {
    static const auto real = next<int (*)(int, struct stat*)>("fstat");
    return moved(real(fd, into), into);
}
int fstatat(int at, const char* path, struct stat* into, int flags) noexcept {
    static const auto real = next<int (*)(int, const char*, struct stat*, int)>("fstatat");
    return moved(real(at, path, into, flags), into);
}
// struct stat and struct stat64 are the same on 64-bit machines.
int stat64(const char* path, struct stat64* into) noexcept { return stat(path, reinterpret_cast<struct stat*>(into)); }
int lstat64(const char* path, struct stat64* into) noexcept {
    return lstat(path, reinterpret_cast<struct stat*>(into));
}
int fstat64(int fd, struct stat64* into) noexcept { return fstat(fd, reinterpret_cast<struct stat*>(into)); }
int fstatat64(int at, const char* path, struct stat64* into, int flags) noexcept {
    return fstatat(at, path, reinterpret_cast<struct stat*>(into), flags);
}

int utimensat(int at, const char* path, const timespec* wanted, int flags) noexcept {
    static const auto real = next<int (*)(int, const char*, const timespec*, int)>("utimensat");
    timespec times[2];
    return real(at, path, unmoved(wanted, times), flags);
}
int futimens(int fd, const timespec* wanted) noexcept {
    static const auto real = next<int (*)(int, const timespec*)>("futimens");
    timespec times[2];
    return real(fd, unmoved(wanted, times));
}

}  // extern "C"
// NOLINTEND
