#include "intake/arrival/inbox_rules.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"

namespace consent_sync::intake {
namespace {

using namespace std::chrono_literals;

constexpr auto clock_difference_max = 1min;

bool ends_with_ignoring_case(std::string_view text, std::string_view lowered) {
    if (text.size() < lowered.size()) return false;
    return std::equal(
        lowered.begin(), lowered.end(), text.end() - static_cast<std::ptrdiff_t>(lowered.size()),
        [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b); });
}

inbox_reason reason_of(file_kind kind) {
    switch (kind) {
        case file_kind::folder: return inbox_reason::folder;
        case file_kind::symlink: return inbox_reason::symlink;
        case file_kind::fifo: return inbox_reason::fifo;
        case file_kind::socket: return inbox_reason::socket;
        case file_kind::regular:
        case file_kind::device: break;
    }
    return inbox_reason::device;
}

}  // namespace

std::string_view name(inbox_reason reason) {
    switch (reason) {
        case inbox_reason::folder: return "folder";
        case inbox_reason::symlink: return "symlink";
        case inbox_reason::fifo: return "fifo";
        case inbox_reason::socket: return "socket";
        case inbox_reason::device: return "device";
        case inbox_reason::unreadable: return "unreadable";
        case inbox_reason::hard_link: return "hard_link";
        case inbox_reason::too_large: return "too_large";
        case inbox_reason::open: return "open";
        case inbox_reason::empty: return "empty";
    }
    return "unknown";
}

std::string_view what_to_do(inbox_reason reason) {
    switch (reason) {
        case inbox_reason::folder: return "only files are taken: move what is in the folder into the inbox itself";
        case inbox_reason::symlink: return "links are not followed: drop a copy of the file";
        case inbox_reason::fifo:
        case inbox_reason::socket:
        case inbox_reason::device: return "only regular files are taken: remove it";
        case inbox_reason::unreadable:
            return "the service's user may not read it: chmod g+r it, or give the inbox a default ACL";
        case inbox_reason::hard_link:
            return "it has a second name by which it could be changed: drop a copy, or remove the other name";
        case inbox_reason::too_large: return "it is larger than inbox.max_bytes: split it, or raise that";
        case inbox_reason::open: return "a program has it open for writing: it is taken when that program closes it";
        case inbox_reason::empty: return "nothing was written to it: it is taken when it has content; else remove it";
    }
    return "";
}

bool is_left_alone(std::string_view name) {
    static constexpr std::array<std::string_view, 12> endings = {
        ".tmp",       ".temp",     ".part",       ".partial",    ".filepart", ".upload",
        ".uploading", ".download", ".crdownload", ".incomplete", ".swp",      "~"};
    return name.starts_with('.') || std::any_of(endings.begin(), endings.end(), [name](std::string_view ending) {
               return ends_with_ignoring_case(name, ending);
           });
}

std::string shown_name(std::string_view name) { return base::redact(name); }

bool is_still(const observation& before, const observation& now) {
    return before.kind == now.kind && before.identity == now.identity && before.size == now.size &&
           before.mtime_ns == now.mtime_ns && before.ctime_ns == now.ctime_ns;
}

bool is_long_still(const observation& seen, base::wall_time now, base::milliseconds settle) {
    const auto age_needed = std::max<std::chrono::nanoseconds>(settle, clock_difference_max);
    const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch());
    // mtime may be anything that the writer set (cp -p), so only one that is not old counts; ctime is the
    // kernel's.
    const std::chrono::nanoseconds last(std::max(seen.mtime_ns, seen.ctime_ns));
    return now_ns - last >= age_needed;
}

settle_decision decide_settle(const observation& seen, arrival_way way, const watched_since& since, base::moment now,
                              const inbox_limits& limits) {
    if (seen.kind != file_kind::regular) return {settle_action::leave, {}, reason_of(seen.kind)};
    const base::milliseconds long_time = limits.settle * unfinished_factor;
    const auto wait_until = [](base::steady_time until, std::optional<inbox_reason> reason = std::nullopt) {
        return settle_decision{settle_action::wait, until, reason};
    };
    const bool listed = way == arrival_way::listed;
    const bool needs_stillness =
        way == arrival_way::written || (listed && !is_long_still(seen, now.wall, limits.settle));
    if (needs_stillness && now.steady < since.still + limits.settle) return wait_until(since.still + limits.settle);
    if (seen.links > 1) return {settle_action::leave, {}, inbox_reason::hard_link};
    if (!seen.readable) return {settle_action::leave, {}, inbox_reason::unreadable};
    // It is looked at again and again: a program that mapped the file may just unmap it, and no event tells that.
    if (seen.open_for_writing == writers::some) {
        const bool told = now.steady >= since.noted + long_time;
        return wait_until(now.steady + limits.settle, told ? std::optional(inbox_reason::open) : std::nullopt);
    }
    if (way != arrival_way::renamed) {
        if (since.writer && now.steady < *since.writer + limits.settle)
            return wait_until(*since.writer + limits.settle);
        const bool unfinished = seen.end == ending::unfinished;
        const bool long_still =
            now.steady >= since.still + long_time || (listed && is_long_still(seen, now.wall, long_time));
        if ((seen.size == 0 || unfinished) && !long_still) return wait_until(since.still + long_time);
        if (seen.size == 0) return {settle_action::leave, {}, inbox_reason::empty};
    }
    if (seen.size > limits.max_bytes) return {settle_action::refuse, {}, inbox_reason::too_large};
    settle_decision taken{settle_action::take, {}, {}};
    if (way == arrival_way::renamed)
        taken.complete = completeness::renamed;
    else if (seen.open_for_writing == writers::none)
        taken.complete = completeness::closed;
    return taken;
}

}  // namespace consent_sync::intake
