// Whether a ledger is the one that ran last, to the last start.
#include "service/run/ledger_opening.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "delivery/pauses.hpp"
#include "unit/base/temp_folder.hpp"

namespace consent_sync::service {
namespace {

namespace fs = std::filesystem;

class LedgerOpening : public ::testing::Test {
  protected:
    LedgerOpening() {
        settings_.state_dir = folder_.path();
        paths_ = config::derive_folders(settings_);
        for (const std::string& each : {paths_.processing, paths_.done, paths_.refused, paths_.reports})
            fs::create_directories(each);
    }
    // True: it waits for an operator.
    bool open_waits() {
        auto opened = open_ledger(settings_, paths_, now_);
        EXPECT_TRUE(opened) << opened.error().message;
        if (!opened) return false;
        return std::any_of(opened->past.pauses.begin(), opened->past.pauses.end(), [](const auto& pause) {
            return pause.reason == delivery::name(delivery::pause_reason::operator_);
        });
    }
    void back_up(const std::string& to) const {
        fs::remove_all(folder_ / to);
        fs::create_directory(folder_ / to);
        for (const auto& entry : fs::directory_iterator(folder_.path()))
            if (entry.path().filename().string().starts_with("ledger.db"))
                fs::copy(entry.path(), folder_ / to / entry.path().filename());
    }
    void restore(const std::string& from) const {
        for (const std::string end : {"", "-wal", "-shm"}) fs::remove(paths_.ledger + end);
        for (const auto& entry : fs::directory_iterator(folder_ / from))
            fs::copy(entry.path(), fs::path(paths_.ledger).parent_path() / entry.path().filename());
    }

    base::temp_folder folder_;
    config::settings settings_;
    config::folders paths_;
    base::moment now_{base::steady_time(std::chrono::hours(1)), base::from_unix_ms(1'795'435'200'000)};
};

TEST_F(LedgerOpening, TheSameLedgerAgainAndAgainIsFine) {
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(open_waits()) << i;
}

// However little it is behind: what was sent in one start is not in it.
TEST_F(LedgerOpening, ABackupOfAnyStartBeforeTheLastWaitsForAnOperator) {
    for (int behind = 1; behind <= 4; ++behind) {
        EXPECT_FALSE(open_waits());
        back_up("backup");
        for (int i = 0; i < behind; ++i) EXPECT_FALSE(open_waits());
        restore("backup");
        EXPECT_TRUE(open_waits()) << behind << " starts behind";
        EXPECT_TRUE(open_waits()) << "the pause outlasts a start";
        for (const auto& entry : fs::directory_iterator(folder_.path()))  // as the page for operators says
            if (entry.path().filename() == "generation") {
                fs::remove(entry.path());
                break;
            }
        EXPECT_FALSE(open_waits());
    }
}

TEST_F(LedgerOpening, ABackupOfThisVeryStartIsTheLedger) {
    EXPECT_FALSE(open_waits());
    back_up("backup");
    restore("backup");
    EXPECT_FALSE(open_waits());
}

}  // namespace
}  // namespace consent_sync::service
