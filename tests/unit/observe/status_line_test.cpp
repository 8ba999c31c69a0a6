#include "observe/status_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace consent_sync::observe {
namespace {

TEST(StatusLine, SaysWhatIsLeftAndHowFastItGoes) {
    status_facts f;
    f.files = 3;
    f.changes = 12'300;
    f.in_flight = 8;
    f.per_second = 1'849.6;
    f.seconds_left = 6.2;
    EXPECT_EQ(status_line(f), "3 files, 12300 changes left, 8 requests under way, 1850 a second, 7s left");
}

TEST(StatusLine, CountsOneAsOne) {
    status_facts f;
    f.files = f.changes = f.in_flight = 1;
    EXPECT_EQ(status_line(f), "1 file, 1 change left, 1 request under way");
}

TEST(StatusLine, SaysThatNothingIsToBeDone) { EXPECT_EQ(status_line({}), "idle"); }

TEST(StatusLine, NamesThePauseFirstAndWhatWaitsForIt) {
    status_facts f;
    f.pause = "outage";
    f.pause_words = "HubSpot does not answer";
    EXPECT_EQ(status_line(f), "paused (outage): HubSpot does not answer");
    f.files = 1;
    f.changes = 50;
    EXPECT_EQ(status_line(f), "paused (outage): HubSpot does not answer; 1 file, 50 changes left");
}

TEST(StatusLine, SaysWhatEndsThePause) {
    status_facts f;
    f.pause = "auth";
    f.pause_words = "HubSpot refuses the token";
    f.looks_again = base::from_unix_ms(1'795'636'785'000);
    f.files = f.changes = 2;
    EXPECT_EQ(status_line(f),
              "paused (auth): HubSpot refuses the token; looks again at 2026-11-25T19:59:45Z; 2 files, 2 changes left");
    f.pause = "auth, operator";
    f.by_operator = true;
    EXPECT_EQ(status_line(f),
              "paused (auth, operator): HubSpot refuses the token; to continue: consent-sync resume; 2 files, "
              "2 changes left");
}

TEST(StatusLine, SaysThatNoFileCanBeTaken) {
    status_facts f;
    f.inbox_gone = true;
    EXPECT_EQ(status_line(f), "the inbox is not there, or not readable: no file can be taken");
    f.files = f.changes = 1;
    EXPECT_EQ(status_line(f), "1 file, 1 change left; the inbox is not there, or not readable: no file can be taken");
}

TEST(StatusLine, IsOneLineWithoutAddresses) {
    status_facts f;
    f.pause = "configuration";
    f.pause_words = "ann@example.com\nREADY=0";
    EXPECT_EQ(status_line(f), "paused (configuration): ***\\nREADY=0");
}

}  // namespace
}  // namespace consent_sync::observe
