#include "base/log_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace consent_sync::base {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const steady_time t0{seconds(1'000)};
constexpr auto most = log_limits::lines_a_minute;

std::uint64_t write(log_limits& l, level at, std::string_view event, std::uint64_t times, steady_time now) {
    std::uint64_t written = 0;
    for (std::uint64_t i = 0; i < times; ++i) written += l.allows(at, event, now);
    return written;
}

TEST(LogLimits, LetSoManyLinesOfAnEventThroughAMinuteAndCountTheRest) {
    log_limits l;
    EXPECT_EQ(write(l, level::warn, "inbox.left", most, t0), most);
    EXPECT_EQ(write(l, level::warn, "inbox.left", 3, t0), 0u);
    EXPECT_EQ(write(l, level::warn, "inbox.left", 2, t0 + seconds(59)), 0u);
    EXPECT_TRUE(l.take_ended(t0 + seconds(59)).empty());
    const auto told = l.take_ended(t0 + seconds(60));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].event, "inbox.left");
    EXPECT_EQ(told[0].lines, 5u);
    EXPECT_EQ(told[0].highest, level::warn);
    EXPECT_TRUE(l.take_all().empty());
    EXPECT_EQ(write(l, level::warn, "inbox.left", most + 1, t0 + seconds(60)), most);
    EXPECT_EQ(l.take_all().at(0).lines, 1u);
}

TEST(LogLimits, CountEachEventByItself) {
    log_limits l;
    EXPECT_EQ(write(l, level::warn, "inbox.left", most + 1, t0), most);
    EXPECT_EQ(write(l, level::error, "file.refused", most + 2, t0), most);
    const auto told = l.take_all();
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].event, "file.refused");
    EXPECT_EQ(told[0].lines, 2u);
    EXPECT_EQ(told[0].highest, level::error);
    EXPECT_EQ(told[1].event, "inbox.left");
    EXPECT_EQ(told[1].lines, 1u);
}

TEST(LogLimits, LeaveTheRecordOfWhatWasDoneWhole) {
    log_limits l;
    EXPECT_EQ(write(l, level::info, "file.done", 5'000, t0), 5'000u);
    EXPECT_EQ(write(l, level::warn, "file.done", 5'000, t0), most);
    EXPECT_EQ(write(l, level::error, "ledger.damaged", 5'000, t0), 5'000u);
    EXPECT_EQ(write(l, level::info, "file.claimed", 5'000, t0), 5'000u);
}

TEST(LogLimits, TheLogTellsWhatWasLeftOutOnce) {
    const log_capture log;
    for (std::uint64_t i = 0; i < most + 7; ++i) log_event(level::warn, "inbox.left", {{"n", i}});
    EXPECT_THAT(log.text(), HasSubstr("n=19\n"));
    EXPECT_THAT(log.text(), Not(HasSubstr("n=20\n")));
    tell_left_out(left_out::all);
    EXPECT_THAT(log.text(), HasSubstr("WARN event=log.left_out of=inbox.left count=7 words="));
    const std::size_t told = log.text().size();
    tell_left_out(left_out::all);
    EXPECT_EQ(log.text().size(), told);
}

TEST(LogLimits, WhatIsBelowTheLevelOfTheLogIsNotCounted) {
    const log_capture log;
    set_up_log(log_format::text, level::error);
    for (std::uint64_t i = 0; i < 2 * most; ++i) log_event(level::warn, "inbox.left");
    tell_left_out(left_out::all);
    EXPECT_EQ(log.text(), "");
}

}  // namespace
}  // namespace consent_sync::base
