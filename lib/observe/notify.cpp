#include "observe/notify.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <chrono>

namespace consent_sync::observe {
namespace {

constexpr int keep_environment = 0;

void send(const std::string& lines) { sd_notify(keep_environment, lines.c_str()); }

// systemd compares this with its own CLOCK_MONOTONIC, so the same clock is read here.
std::int64_t monotonic_us() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace

void notify_ready(const std::string& status) { send(fmt::format("READY=1\nSTATUS={}", status)); }

void notify_status(const std::string& status) { send(fmt::format("STATUS={}", status)); }

void notify_reloading() {
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reading the configuration again", monotonic_us()));
}

void notify_stopping(const std::string& status) { send(fmt::format("STOPPING=1\nSTATUS={}", status)); }

void notify_extend_timeout(base::milliseconds by) {
    send(fmt::format("EXTEND_TIMEOUT_USEC={}", std::chrono::microseconds(by).count()));
}

void notify_starting(const std::string& status, base::milliseconds by) {
    send(fmt::format("EXTEND_TIMEOUT_USEC={}\nSTATUS={}", std::chrono::microseconds(by).count(), status));
}

void notify_alive() { send("WATCHDOG=1"); }

std::optional<base::milliseconds> watchdog_interval() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(keep_environment, &microseconds) <= 0) return std::nullopt;
    return std::chrono::duration_cast<base::milliseconds>(std::chrono::microseconds(microseconds));
}

}  // namespace consent_sync::observe
