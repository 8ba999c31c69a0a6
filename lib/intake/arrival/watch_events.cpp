#include "intake/arrival/watch_events.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace consent_sync::intake {

const std::uint32_t watched_events =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

watch_events parse_events(const char* bytes, std::size_t size) {
    watch_events events;
    std::size_t at = 0;
    while (at + sizeof(inotify_event) <= size) {
        inotify_event event{};
        std::memcpy(&event, bytes + at, sizeof event);  // The buffer need not be aligned.
        const char* const name = bytes + at + sizeof event;
        at += sizeof event + event.len;
        if (at > size) break;
        if ((event.mask & IN_Q_OVERFLOW) != 0) events.overflow = true;
        if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) events.folder_gone = true;
        if (event.len == 0 || (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE)) == 0) continue;
        std::string text(name, ::strnlen(name, event.len));
        if (is_left_alone(text)) continue;
        const bool renamed = (event.mask & IN_MOVED_TO) != 0;
        events.names.push_back({std::move(text), renamed ? arrival_way::renamed : arrival_way::written});
    }
    return events;
}

void merge_names(std::vector<name_event>& names) {
    std::unordered_map<std::string, arrival_way> seen;  // from the end on
    std::vector<name_event> merged;
    for (auto event = names.rbegin(); event != names.rend(); ++event) {
        const auto [at, first] = seen.emplace(event->name, event->way);
        if (event->way == arrival_way::renamed) at->second = arrival_way::renamed;
        if (first) merged.push_back(*event);
    }
    std::reverse(merged.begin(), merged.end());
    for (name_event& event : merged) event.way = seen.at(event.name);
    names = std::move(merged);
}

}  // namespace consent_sync::intake
