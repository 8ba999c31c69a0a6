#include "intake/arrival/watch_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <cstring>

namespace consent_sync::intake {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// As the kernel writes it: the name is filled with zeros to a multiple of the record's size.
std::string record(std::uint32_t mask, const std::string& name) {
    inotify_event event{};
    event.mask = mask;
    const std::size_t unit = sizeof(inotify_event);
    event.len = name.empty() ? 0 : static_cast<std::uint32_t>((name.size() / unit + 1) * unit);
    std::string bytes(sizeof event + event.len, '\0');
    std::memcpy(bytes.data(), &event, sizeof event);
    std::memcpy(bytes.data() + sizeof event, name.data(), name.size());
    return bytes;
}

watch_events parse(const std::string& bytes) { return parse_events(bytes.data(), bytes.size()); }

std::vector<std::string> show(const std::vector<name_event>& events) {
    std::vector<std::string> shown;
    for (const name_event& event : events) {
        shown.push_back((event.way == arrival_way::renamed ? "renamed " : "written ") + event.name);
    }
    return shown;
}

TEST(WatchEvents, TellWhatAppearedAndHow) {
    const watch_events events =
        parse(record(IN_CREATE, "a") + record(IN_CLOSE_WRITE, "a") + record(IN_MOVED_TO, std::string(255, 'b')) +
              record(IN_CREATE, ".hidden") + record(IN_CLOSE_WRITE, "x.part") + record(IN_CREATE, "-\n\x1b"));
    EXPECT_THAT(show(events.names),
                ElementsAre("written a", "written a", "renamed " + std::string(255, 'b'), "written -\n\x1b"));
    EXPECT_FALSE(events.overflow);
    EXPECT_FALSE(events.folder_gone);
}

TEST(WatchEvents, TellOverflowAndTheEndOfTheFolder) {
    EXPECT_TRUE(parse(record(IN_Q_OVERFLOW, "")).overflow);
    for (const std::uint32_t mask : {IN_DELETE_SELF, IN_MOVE_SELF, IN_IGNORED, IN_UNMOUNT}) {
        EXPECT_TRUE(parse(record(mask, "")).folder_gone);
    }
    EXPECT_THAT(parse(record(IN_DELETE_SELF, "")).names, IsEmpty());
}

TEST(WatchEvents, IgnoresABrokenEnd) {
    const std::string whole = record(IN_CREATE, "a") + record(IN_CREATE, "b");
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const auto events = parse_events(whole.data(), size);
        EXPECT_EQ(events.names.size(), size == whole.size() ? 2U : size >= whole.size() / 2 ? 1U : 0U) << size;
    }
}

TEST(WatchEvents, MergeKeepsTheLastPlaceAndTheBestWay) {
    std::vector<name_event> names = {{"a", arrival_way::written},
                                     {"b", arrival_way::renamed},
                                     {"c", arrival_way::written},
                                     {"a", arrival_way::written},
                                     {"b", arrival_way::written}};
    merge_names(names);
    EXPECT_THAT(show(names), ElementsAre("written c", "written a", "renamed b"));
}

}  // namespace
}  // namespace consent_sync::intake
