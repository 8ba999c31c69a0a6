#include "hubspot/account_info.hpp"

#include <gtest/gtest.h>

namespace consent_sync::hubspot {
namespace {

using namespace std::chrono_literals;

TEST(AccountInfo, NamesTheTimeZone) {
    const auto info = parse_account_info(
        R"({"portalId":62515,"timeZone":"US/Eastern","companyCurrency":"USD","utcOffset":"-04:00","utcOffsetMilliseconds":-14400000,"uiDomain":"app.hubspot.com"})");
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->time_zone, "US/Eastern");
    EXPECT_EQ(info->utc_offset, -240min);
}

TEST(AccountInfo, OneOfZoneAndOffsetIsEnough) {
    EXPECT_EQ(parse_account_info(R"({"timeZone":"Etc/GMT+5"})")->utc_offset, std::nullopt);
    EXPECT_EQ(parse_account_info(R"({"utcOffsetMilliseconds":20700000})")->utc_offset, 345min);
    EXPECT_EQ(parse_account_info(R"({"utcOffsetMilliseconds":0})")->utc_offset, 0min);
}

TEST(AccountInfo, AnythingElseIsAnError) {
    for (const char* body :
         {"", "[]", "{}", R"({"timeZone":null})", R"({"timeZone":""})", R"({"timeZone":"../../etc/passwd"})",
          R"({"timeZone":"/etc/passwd"})", R"({"timeZone":"a b"})", R"({"utcOffsetMilliseconds":999999999999})",
          R"({"utcOffsetMilliseconds":-9223372036854775808})", R"({"utcOffsetMilliseconds":1.5})", "<html>"})
        EXPECT_FALSE(parse_account_info(body)) << body;
}

TEST(AccountInfo, TheResetOfTheDailyUsageTellsTheOffsetToo) {
    const auto offset = [](const std::string& at) {
        return parse_daily_reset(R"({"results":[{"name":"x","usageLimit":5},{"resetsAt":")" + at + R"("}]})");
    };
    EXPECT_EQ(*offset("2026-11-26T05:00:00Z"), -300min);
    EXPECT_EQ(*offset("2026-11-25T18:15:00.000Z"), 345min);
    EXPECT_EQ(*offset("2026-11-25T00:00:00.000+00:00"), 0min);
    for (const char* wrong :
         {"", "2026-11-26T05:00:00+02:00", "2026-11-26", "2026-11-26T99:00:00Z", "2026-11-26Txx:00:00Z"})
        EXPECT_FALSE(offset(wrong)) << wrong;
    for (const char* body : {"", "{}", R"({"results":{}})", R"({"results":[7]})"})
        EXPECT_FALSE(parse_daily_reset(body));
}

}  // namespace
}  // namespace consent_sync::hubspot
