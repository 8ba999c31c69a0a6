#include "service/operation/old_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/base/temp_folder.hpp"

namespace consent_sync::service {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

base::wall_time date_of(const char* text) {
    std::tm parts{};
    strptime(text, "%Y-%m-%d", &parts);
    return base::wall_time(std::chrono::seconds(timegm(&parts)));
}

TEST(OldFiles, AreRemovedByWhenTheyWerePutThere) {
    const base::temp_folder folder;
    for (int i = 0; i < 25; ++i) std::ofstream(folder.path() + "/f" + std::to_string(i)) << i;
    fs::create_directory(folder.path() + "/folder");
    fs::create_symlink("/etc/passwd", folder.path() + "/link");
    const base::wall_time now =
        std::chrono::time_point_cast<base::wall_time::duration>(std::chrono::system_clock::now());
    EXPECT_EQ(remove_old_files(folder.path(), now - 1h, 10)->files, 0u);
    auto step = remove_old_files(folder.path(), now + 1h, 10);
    EXPECT_EQ(step->files, 10u);
    EXPECT_TRUE(step->more);
    EXPECT_EQ(remove_old_files(folder.path(), now + 1h, 10)->files, 10u);
    step = remove_old_files(folder.path(), now + 1h, 10);
    EXPECT_EQ(step->files, 5u);
    EXPECT_FALSE(step->more);
    EXPECT_TRUE(fs::exists(folder.path() + "/folder"));
    EXPECT_TRUE(fs::is_symlink(folder.path() + "/link"));
    EXPECT_TRUE(remove_old_files(folder.path() + "/missing", now, 10).has_error());
}

TEST(OldFiles, AreCountedAsTheyAreRemoved) {
    const base::temp_folder folder;
    for (int i = 0; i < 3; ++i) std::ofstream(folder.path() + "/f" + std::to_string(i)) << i;
    for (const char* each : {"2026-11-20", "2026-11-21", "notes"}) fs::create_directory(folder.path() + "/" + each);
    const base::wall_time now =
        std::chrono::time_point_cast<base::wall_time::duration>(std::chrono::system_clock::now());
    EXPECT_EQ(count_old_files(folder.path(), now - 1h)->old, 0u);
    EXPECT_EQ(count_old_files(folder.path(), now + 1h)->old, 3u);
    EXPECT_EQ(count_old_files(folder.path(), now + 1h)->all, 3u);
    EXPECT_EQ(count_old_days(folder.path(), date_of("2026-11-21"))->old, 1u);
    EXPECT_EQ(count_old_days(folder.path(), date_of("2026-11-22"))->old, 2u);
    EXPECT_EQ(count_old_days(folder.path(), date_of("2026-11-22"))->all, 2u);
    EXPECT_TRUE(count_old_files(folder.path() + "/missing", now).has_error());
}

TEST(OldDays, GoWhenTheWholeDayIsOld) {
    const base::temp_folder folder;
    for (const char* each : {"2026-11-20", "2026-11-21", "2026-11-22", "notes", "2026-11-2x"}) {
        fs::create_directories(folder.path() + "/" + each + "/00000001-a.csv");
        std::ofstream(folder.path() + "/" + each + "/batches.ndjson") << "{}";
        std::ofstream(folder.path() + "/" + each + "/00000001-a.csv/failed.csv") << "x";
    }
    removed_files step;
    std::size_t removed = 0;
    int steps = 0;
    do {
        step = remove_old_days(folder.path(), date_of("2026-11-22") + 5h, 3).value();
        removed += step.files;
        ASSERT_LT(++steps, 20);
    } while (step.more);
    EXPECT_EQ(removed, 8u);  // of two days: two files and two folders each
    EXPECT_GT(steps, 1);
    for (const char* each : {"2026-11-22", "notes", "2026-11-2x"}) EXPECT_TRUE(fs::exists(folder.path() + "/" + each));
    EXPECT_FALSE(fs::exists(folder.path() + "/2026-11-20"));
    EXPECT_FALSE(fs::exists(folder.path() + "/2026-11-21"));
}

// The writer of reports may look at any moment, and takes a day file that is missing from its folder for one that
// somebody took away.
TEST(OldDays, AreUnderTheirNameWholeOrNotAtAll) {
    const base::temp_folder folder;
    const std::string of_day = folder.path() + "/2026-11-20";
    fs::create_directories(of_day + "/00000001-a.csv");
    for (const char* each : {"/batches.ndjson", "/files.ndjson", "/00000001-a.csv/summary.json"})
        std::ofstream(of_day + each) << "{}";
    const auto remove_one = [&] { return remove_old_days(folder.path(), date_of("2026-11-22"), 1).value(); };
    EXPECT_TRUE(remove_one().more);
    EXPECT_FALSE(fs::exists(of_day));
    // A line of that day was due meanwhile, and goes with it in the end.
    fs::create_directory(of_day);
    std::ofstream(of_day + "/batches.ndjson") << "{}";
    std::size_t steps = 0;
    while (remove_one().more) {
        EXPECT_EQ(fs::exists(of_day), fs::exists(of_day + "/batches.ndjson"));
        ASSERT_LT(++steps, 20u);
    }
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace consent_sync::service
