#include "base/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace consent_sync::base {
namespace {

using testing::ElementsAre;

std::vector<std::string> entry(level at, std::vector<log_field> fields) {
    return journal_entry(at, "batch.settled", fields, "event=batch.settled");
}

TEST(Journal, GivesEachFieldItsOwnName) {
    EXPECT_THAT(entry(level::info, {{"correlation_id", "c-1"}, {"ms", 12}, {"assertion", true}, {"share", 0.5}}),
                ElementsAre("MESSAGE=event=batch.settled", "PRIORITY=6", "SYSLOG_IDENTIFIER=consent-sync",
                            "EVENT=batch.settled", "CORRELATION_ID=c-1", "MS=12", "ASSERTION=true", "SHARE=0.5"));
}

TEST(Journal, HasThePriorityOfTheLevel) {
    EXPECT_EQ(entry(level::debug, {})[1], "PRIORITY=7");
    EXPECT_EQ(entry(level::info, {})[1], "PRIORITY=6");
    EXPECT_EQ(entry(level::warn, {})[1], "PRIORITY=4");
    EXPECT_EQ(entry(level::error, {})[1], "PRIORITY=3");
}

TEST(Journal, MasksAddressesInFields) {
    EXPECT_EQ(entry(level::error, {{"words", "ann@example.com is refused"}}).back(), "WORDS=*** is refused");
}

TEST(Journal, IsStandardOutputOnlyIfTheEnvironmentNamesThatStream) {
    struct stat status {};
    ASSERT_EQ(::fstat(STDOUT_FILENO, &status), 0);
    const std::string here = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    ::unsetenv("JOURNAL_STREAM");
    EXPECT_FALSE(stdout_is_journal());
    ::setenv("JOURNAL_STREAM", (here + "1").c_str(), 1);
    EXPECT_FALSE(stdout_is_journal());
    ::setenv("JOURNAL_STREAM", here.c_str(), 1);
    EXPECT_TRUE(stdout_is_journal());
    ::unsetenv("JOURNAL_STREAM");
}

}  // namespace
}  // namespace consent_sync::base
