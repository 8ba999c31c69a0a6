#include "report/day_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/base/synced_files.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::report {
namespace {

using testing::ElementsAre;

// A name is on the disk when the folder that holds it was synced, and so on up to a folder that was there before.
TEST(DayFolder, IsOnTheDiskWithItsFileBeforeAnythingIsWrittenToIt) {
    const base::temp_folder root;
    const std::string path = std::filesystem::canonical(root.path());
    const day_folder day(root.path(), "2026-11-23");
    const base::synced_files synced;
    ASSERT_TRUE(day.prepare("files.ndjson"));
    EXPECT_THAT(synced.paths(), ElementsAre(path, path + "/2026-11-23/files.ndjson", path + "/2026-11-23"));
}

TEST(DayFolder, WhatIsAppendedIsOnTheDisk) {
    const base::temp_folder root;
    const day_folder day(root.path(), "2026-11-23");
    ASSERT_TRUE(day.prepare("files.ndjson"));
    const base::synced_files synced;
    EXPECT_EQ(day.append("files.ndjson", "{}\n").value(), 3u);
    EXPECT_THAT(synced.paths(),
                ElementsAre(std::filesystem::canonical(root.path()).string() + "/2026-11-23/files.ndjson"));
}

}  // namespace
}  // namespace consent_sync::report
