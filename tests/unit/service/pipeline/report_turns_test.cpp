#include "service/pipeline/report_turns.hpp"

#include <gtest/gtest.h>

namespace consent_sync::service {
namespace {

using pause = report_turns::pause;

// All of it is written; the task waits for more.
report_turns make_quiet() {
    report_turns turns;
    turns.take_attempts();
    turns.take_files();
    EXPECT_EQ(turns.next(true), pause::until_woken);
    return turns;
}

TEST(ReportTurns, LookAtTheStartForWhatTheLastRunLeft) {
    report_turns turns;
    EXPECT_TRUE(turns.take_attempts());
    EXPECT_TRUE(turns.take_files());
    EXPECT_FALSE(turns.any());
}

TEST(ReportTurns, ALineAfterAWhileOfQuietIsWrittenAtOnce) {
    report_turns turns = make_quiet();
    EXPECT_TRUE(turns.attempts_ended());
    EXPECT_TRUE(turns.take_attempts());
    EXPECT_FALSE(turns.take_attempts());
}

// Each line would else have a sync of its own: attempts end every few hundred microseconds.
TEST(ReportTurns, LinesThatComeMeanwhileGatherAndNoneOfThemCutsItShort) {
    report_turns turns = make_quiet();
    turns.attempts_ended();
    turns.take_attempts();
    turns.attempts_ended();
    EXPECT_EQ(turns.next(true), pause::gather);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(turns.attempts_ended());
    EXPECT_TRUE(turns.take_attempts());
    EXPECT_EQ(turns.next(true), pause::until_woken);
}

TEST(ReportTurns, ASettledFileDoesNotWaitForLinesToGather) {
    report_turns turns = make_quiet();
    turns.attempts_ended();
    EXPECT_EQ(turns.next(true), pause::gather);
    EXPECT_TRUE(turns.files_settled());
    turns.take_attempts();
    turns.files_settled();
    EXPECT_EQ(turns.next(true), pause::none);
}

// A row of the file was superseded by a change of another file, which gets its verdict now or later.
TEST(ReportTurns, FilesThatWaitAreLookedAtWhenAttemptsEnd) {
    report_turns turns = make_quiet();
    turns.files_wait(true);
    turns.attempts_ended();
    EXPECT_TRUE(turns.take_attempts());
    EXPECT_TRUE(turns.take_files());
    EXPECT_EQ(turns.next(true), pause::until_woken);
    turns.files_wait(false);
    turns.attempts_ended();
    EXPECT_TRUE(turns.take_attempts());
    EXPECT_FALSE(turns.take_files());
}

TEST(ReportTurns, WhatIsLeftOverIsWrittenWithoutAPause) {
    report_turns turns = make_quiet();
    turns.attempts_ended();
    turns.take_attempts();
    turns.more_attempts();
    EXPECT_EQ(turns.next(true), pause::none);
    EXPECT_TRUE(turns.take_attempts());
    turns.more_files();
    EXPECT_EQ(turns.next(true), pause::none);
    EXPECT_TRUE(turns.take_files());
    EXPECT_EQ(turns.next(true), pause::until_woken);
}

TEST(ReportTurns, AFullDiskIsNotTriedAgainForEachLine) {
    report_turns turns = make_quiet();
    turns.attempts_ended();
    turns.take_attempts();
    turns.more_attempts();
    EXPECT_EQ(turns.next(false), pause::retry);
    EXPECT_FALSE(turns.attempts_ended());
    EXPECT_FALSE(turns.files_settled());
    EXPECT_TRUE(turns.take_attempts());
    EXPECT_TRUE(turns.take_files());
}

}  // namespace
}  // namespace consent_sync::service
