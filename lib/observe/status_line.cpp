#include "observe/status_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/log.hpp"
#include "base/time_text.hpp"

namespace consent_sync::observe {
namespace {

constexpr double seconds_shown_max = 30.0 * 24 * 3'600;

std::string counted(std::uint64_t count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::string status_line(const status_facts& facts) {
    std::string work;
    if (facts.files > 0 || facts.changes > 0)
        work = fmt::format("{}, {} left", counted(facts.files, "file"), counted(facts.changes, "change"));
    if (!facts.pause.empty())
        return fmt::format("paused ({}): {}{}{}", facts.pause, base::redact(facts.pause_words),
                           work.empty() ? "" : "; ", work);
    if (work.empty()) return "idle";
    if (facts.in_flight > 0) work += ", " + counted(facts.in_flight, "request") + " under way";
    if (facts.per_second >= 0.5) work += fmt::format(", {} a second", std::llround(facts.per_second));
    if (facts.seconds_left && *facts.seconds_left < seconds_shown_max) {
        const auto seconds = static_cast<std::int64_t>(std::ceil(std::max(*facts.seconds_left, 0.0)));
        work += ", " + base::format_duration(std::chrono::seconds(seconds)) + " left";
    }
    return work;
}

}  // namespace consent_sync::observe
