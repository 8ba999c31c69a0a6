// Preloaded before libfaketime. Asio sets a timer that is already due to an absolute time of 1 ns. libfaketime turns
// this into a moved time in the past, or into 0, which disarms the timer; then no timer of the daemon ever fires again.
// This library prevents it.
//
//   LD_PRELOAD="…/libdue_timers.so …/libfaketimeMT.so.1"
#include <dlfcn.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

extern "C" int timerfd_settime(int fd, int flags, const itimerspec* wanted, itimerspec* before) noexcept {
    using function = int (*)(int, int, const itimerspec*, itimerspec*);
    static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "timerfd_settime"));
    if ((flags & TFD_TIMER_ABSTIME) == 0) return next(fd, flags, wanted, before);
    itimerspec at_once{};
    at_once.it_value.tv_nsec = 1;
    return static_cast<int>(::syscall(SYS_timerfd_settime, fd, 0, &at_once, before));
}
