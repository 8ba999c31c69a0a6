// inotify's records as data: which names appeared and how. Facts: inotify(7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "intake/arrival/inbox_rules.hpp"

namespace consent_sync::intake {

// What the kernel is asked for.
extern const std::uint32_t watched_events;

struct name_event {
    std::string name;
    arrival_way way = arrival_way::written;
};

struct watch_events {
    std::vector<name_event> names;  // in order; names that are left alone are not among them
    bool overflow = false;          // the kernel dropped events: only a listing tells what is there
    bool folder_gone = false;       // deleted, moved, or its file system unmounted
};

// `bytes`: what one read() of an inotify descriptor gave.
watch_events parse_events(const char* bytes, std::size_t size);

// One entry a name, where it stands last; `renamed` wins, for a file that came complete stays complete.
void merge_names(std::vector<name_event>& names);

}  // namespace consent_sync::intake
