#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

namespace consent_sync::base {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

TEST(Log, WritesOneTextLinePerEvent) {
    const log_capture log;
    log_event(level::info, "file.claimed", {{"file", "00000042"}, {"bytes", 1234}, {"renamed", true}, {"ms", 1.5}});
    EXPECT_THAT(log.text(), MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z INFO "
                                         "event=file\\.claimed file=00000042 bytes=1234 renamed=true ms=1\\.5\n"));
}

TEST(Log, QuotesValuesThatNeedIt) {
    const log_capture log;
    log_event(level::warn, "x", {{"a", ""}, {"b", "two words"}, {"c", "k=v"}, {"d", "say \"hi\""}, {"e", "back\\"}});
    EXPECT_THAT(log.text(), HasSubstr(R"(WARN event=x a="" b="two words" c="k=v" d="say \"hi\"" e="back\\")"));
}

TEST(Log, NoValueBeginsALineOrControlsTheTerminal) {
    const log_capture log;
    log_event(level::info, "x", {{"name", "a\n2026-01-01T00:00:00.000Z ERROR event=forged\x1b[31m"}});
    EXPECT_EQ(lines_of(log.text()).size(), 1U);
    EXPECT_THAT(log.text(), HasSubstr(R"(a\n2026)"));
    EXPECT_THAT(log.text(), HasSubstr(R"(\x1b[31m)"));
}

TEST(Log, MasksAddressesInBothFormats) {
    for (const log_format format : {log_format::text, log_format::json}) {
        const log_capture log;
        set_up_log(format, level::debug);
        log_event(level::error, "x", {{"message", "ann@example.com and more"}});
        EXPECT_THAT(log.text(), HasSubstr("*** and more"));
        EXPECT_THAT(log.text(), testing::Not(HasSubstr("ann")));
    }
}

TEST(Log, WritesJsonLines) {
    const log_capture log;
    set_up_log(log_format::json, level::info);
    log_event(level::error, "x.y",
              {{"text", "a \"b\"\n\xff"}, {"n", -3}, {"f", 0.25}, {"yes", true}, {"bad", std::nan("")}});
    const auto line = boost::json::parse(log.text()).as_object();
    EXPECT_EQ(line.at("level"), "ERROR");
    EXPECT_EQ(line.at("event"), "x.y");
    EXPECT_EQ(line.at("text"), "a \"b\"\\n\\xff");
    EXPECT_EQ(line.at("n"), -3);
    EXPECT_EQ(line.at("f"), 0.25);
    EXPECT_EQ(line.at("yes"), true);
    EXPECT_TRUE(line.at("bad").is_null());
    EXPECT_EQ(line.at("time").as_string().size(), 24U);
}

TEST(Log, KeepsLargeNumbers) {
    const log_capture log;
    log_event(level::info, "x", {{"n", std::numeric_limits<std::int64_t>::max()}, {"u", std::uint32_t{4'000'000'000}}});
    EXPECT_THAT(log.text(), EndsWith("n=9223372036854775807 u=4000000000\n"));
}

TEST(Log, OmitsLinesBelowTheLevel) {
    const std::vector<level> levels = {level::debug, level::info, level::warn, level::error};
    for (std::size_t least = 0; least < levels.size(); ++least) {
        const log_capture log;
        set_up_log(log_format::text, levels[least]);
        for (const level at : levels) log_event(at, "x");
        EXPECT_EQ(lines_of(log.text()).size(), levels.size() - least);
        for (std::size_t i = 0; i < levels.size(); ++i) EXPECT_EQ(log_enabled(levels[i]), i >= least);
    }
}

TEST(Log, CaptureRestoresTheSetUp) {
    set_up_log(log_format::text, level::warn);
    const log_capture outer;
    {
        const log_capture inner;
        set_up_log(log_format::json, level::error);
        log_event(level::error, "inner");
        EXPECT_THAT(inner.text(), HasSubstr("\"inner\""));
    }
    log_event(level::info, "outer");
    EXPECT_THAT(outer.text(), EndsWith("INFO event=outer\n"));
    EXPECT_THAT(outer.text(), testing::Not(HasSubstr("inner")));
}

TEST(Log, LinesOfManyThreadsStayWhole) {
    const log_capture log;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([] {
            for (int i = 0; i < 250; ++i) log_event(level::info, "thread", {{"text", std::string(100, 'x')}});
        });
    }
    for (std::thread& thread : threads) thread.join();
    const auto lines = lines_of(log.text());
    EXPECT_EQ(lines.size(), 1'000U);
    for (const std::string& line : lines) EXPECT_THAT(line, EndsWith("event=thread text=" + std::string(100, 'x')));
}

TEST(Log, GoesToStandardOutputAtOnce) {
    set_up_log(log_format::text, level::info);
    testing::internal::CaptureStdout();
    log_event(level::info, "to.stdout", {{"n", 1}});
    EXPECT_THAT(testing::internal::GetCapturedStdout(), EndsWith("INFO event=to.stdout n=1\n"));
}

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

TEST(LogLimits, AllowAFixedNumberOfLinesPerMinuteAndCountTheRest) {
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

TEST(LogLimits, CountEachEventSeparately) {
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

TEST(LogLimits, KeepTheRecordOfCompletedWorkComplete) {
    log_limits l;
    EXPECT_EQ(write(l, level::info, "file.done", 5'000, t0), 5'000u);
    EXPECT_EQ(write(l, level::warn, "file.done", 5'000, t0), most);
    EXPECT_EQ(write(l, level::error, "ledger.damaged", 5'000, t0), 5'000u);
    EXPECT_EQ(write(l, level::info, "file.claimed", 5'000, t0), 5'000u);
}

TEST(LogLimits, TheLogReportsOmittedLinesOnce) {
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

TEST(LogLimits, LinesBelowTheLogLevelAreNotCounted) {
    const log_capture log;
    set_up_log(log_format::text, level::error);
    for (std::uint64_t i = 0; i < 2 * most; ++i) log_event(level::warn, "inbox.left");
    tell_left_out(left_out::all);
    EXPECT_EQ(log.text(), "");
}

}  // namespace
}  // namespace consent_sync::base
