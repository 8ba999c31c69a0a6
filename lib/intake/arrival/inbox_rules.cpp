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
    }
    return "";
}

bool is_left_alone(std::string_view name) {
    static constexpr std::array<std::string_view, 7> endings = {".tmp",        ".part", ".partial", ".filepart",
                                                                ".crdownload", ".swp",  "~"};
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

settle_decision decide_settle(const observation& seen, arrival_way way, base::steady_time still_since, base::moment now,
                              const inbox_limits& limits) {
    if (seen.kind != file_kind::regular) return {settle_action::leave, {}, reason_of(seen.kind)};
    const bool needs_stillness =
        way == arrival_way::written || (way == arrival_way::listed && !is_long_still(seen, now.wall, limits.settle));
    if (needs_stillness && now.steady < still_since + limits.settle) {
        return {settle_action::wait, still_since + limits.settle, {}};
    }
    if (seen.links > 1) return {settle_action::leave, {}, inbox_reason::hard_link};
    if (!seen.readable) return {settle_action::leave, {}, inbox_reason::unreadable};
    if (seen.size > limits.max_bytes) return {settle_action::refuse, {}, inbox_reason::too_large};
    return {settle_action::take, {}, {}};
}

}  // namespace consent_sync::intake
