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

// Why sending is paused, and what ends the pause.
std::string pause_text(const status_facts& facts) {
    std::string text = fmt::format("paused ({}): {}", facts.pause, base::redact(facts.pause_words));
    if (facts.by_operator)
        text += "; to continue: consent-sync resume";
    else if (facts.looks_again)
        text += "; looks again at " + base::format_time(*facts.looks_again).substr(0, 19) + "Z";
    return text;
}

std::string work_text(const status_facts& facts) {
    std::string work;
    if (facts.files > 0 || facts.changes > 0)
        work = fmt::format("{}, {} left", counted(facts.files, "file"), counted(facts.changes, "change"));
    if (work.empty() || !facts.pause.empty()) return work;
    if (facts.in_flight > 0) work += ", " + counted(facts.in_flight, "request") + " under way";
    if (facts.per_second >= 0.5) work += fmt::format(", {} a second", std::llround(facts.per_second));
    if (facts.seconds_left && *facts.seconds_left < seconds_shown_max) {
        const auto seconds = static_cast<std::int64_t>(std::ceil(std::max(*facts.seconds_left, 0.0)));
        work += ", " + base::format_duration(std::chrono::seconds(seconds)) + " left";
    }
    return work;
}

}  // namespace

std::string status_line(const status_facts& facts) {
    std::string line;
    const auto add = [&line](const std::string& part) {
        if (!part.empty()) line += (line.empty() ? "" : "; ") + part;
    };
    if (!facts.pause.empty()) add(pause_text(facts));
    add(work_text(facts));
    if (facts.inbox_gone) add("the inbox is not there, or not readable: no file can be taken");
    return line.empty() ? "idle" : line;
}

}  // namespace consent_sync::observe
