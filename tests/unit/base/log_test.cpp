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

TEST(Log, WritesOneTextLineAnEvent) {
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

TEST(Log, NothingInAValueBeginsALineOrReachesTheTerminal) {
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

TEST(Log, LeavesOutWhatIsBelowTheLevel) {
    const std::vector<level> levels = {level::debug, level::info, level::warn, level::error};
    for (std::size_t least = 0; least < levels.size(); ++least) {
        const log_capture log;
        set_up_log(log_format::text, levels[least]);
        for (const level at : levels) log_event(at, "x");
        EXPECT_EQ(lines_of(log.text()).size(), levels.size() - least);
        for (std::size_t i = 0; i < levels.size(); ++i) EXPECT_EQ(log_enabled(levels[i]), i >= least);
    }
}

TEST(Log, CaptureGivesBackWhatWasSet) {
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

}  // namespace
}  // namespace consent_sync::base
